// Keeping house: uploads that nobody goes on with, and what nobody refers to.
#include "base/io/timer.h"
#include "container/registry/server_state.h"
#include "container/registry/sweep.h"

namespace podo::registry {

void Server::State::tell_roots(image::Images::InUse& into) const {
  for (const auto& [name, repository] : catalog.repositories()) {
    for (const auto& [digest, touched] : repository.blobs) into.blobs.insert(digest);
    for (const auto& [digest, manifest] : repository.manifests) into.blobs.insert(digest);
  }
}

Task<std::uint64_t> Server::State::collect_garbage() {
  std::vector<std::string> names;
  for (const auto& [name, repository] : catalog.repositories()) names.push_back(name);
  for (std::string& name : names) {
    const auto plan = [this](const Repository& repository) {
      SweepRules rules{.now = ground.clock.now(), .held = options.held, .untagged = options.collect_untagged};
      if (upstream != nullptr) rules.cached_for = options.cached_for;
      return plan_sweep(repository, rules);
    };
    const Catalog::Sweep gone = co_await catalog.sweep(name, plan);
    for (const std::string& digest : gone.manifests) cache.forget(digest);
    if (!gone.empty())
      ground.log.info("registry: {} lost {} manifests and {} blobs that nobody refers to", name,
                      gone.manifests.size(), gone.blobs.size());
  }
  catalog.forget_empty(options.held);
  co_return co_await ground.images.collect_garbage();
}

Task<void> Server::State::tend() {
  const Duration uploads_every = std::min(options.uploads_kept, seconds(600));
  const bool collects = options.collect_every.ns > 0;
  const Duration pause = collects ? std::min(uploads_every, options.collect_every) : uploads_every;
  for (Monotonic collected = ground.clock.now();;) {
    co_await io::sleep(pause);
    if (auto removed = co_await uploads.remove_older(options.uploads_kept).result(); !removed)
      ground.log.warn("registry: uploads: {}", removed.error().message());
    if (!collects || ground.clock.now() - collected < options.collect_every) continue;
    collected = ground.clock.now();
    const auto freed = co_await collect_garbage().result();
    if (!freed) ground.log.warn("registry: garbage collection: {}", freed.error().message());
    else if (*freed > 0) ground.log.info("registry: {} bytes of garbage collected", *freed);
  }
}

}  // namespace podo::registry
