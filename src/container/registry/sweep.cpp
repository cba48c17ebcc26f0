#include "container/registry/sweep.h"

namespace podo::registry {
namespace {

using Kept = std::set<std::string, std::less<>>;

// A manifest, and what it leads to: the entries of an index, and those that speak of it.
void keep(const Repository& repository, const std::string& digest, Kept& kept) {
  std::vector<std::string> next{digest};
  while (!next.empty()) {
    const std::string one = std::move(next.back());
    next.pop_back();
    const auto manifest = repository.manifests.find(one);
    if (manifest == repository.manifests.end() || !kept.insert(one).second) continue;
    next.insert(next.end(), manifest->second.manifests.begin(), manifest->second.manifests.end());
    for (auto at = repository.referrers.lower_bound({one, ""});
         at != repository.referrers.end() && at->first == one; ++at)
      next.push_back(at->second);
  }
}

}  // namespace

Catalog::Sweep plan_sweep(const Repository& repository, const SweepRules& rules) {
  Catalog::Sweep sweep;
  auto lately = [&](Monotonic touched, Duration within) { return touched + within > rules.now; };
  Kept kept;
  for (const auto& [digest, manifest] : repository.manifests)
    if (!rules.untagged || lately(manifest.touched, rules.held)) keep(repository, digest, kept);
  for (const auto& [tag, digest] : repository.tags) keep(repository, digest, kept);
  for (const auto& [digest, manifest] : repository.manifests) {
    const bool stale = rules.cached_for && !lately(manifest.touched, *rules.cached_for);
    if (stale) kept.erase(digest);
    if (!kept.contains(digest)) sweep.manifests.push_back(digest);
  }
  for (const auto& [tag, digest] : repository.tags)
    if (repository.manifests.contains(digest) && !kept.contains(digest)) sweep.tags.push_back(tag);
  std::set<std::string_view> used;
  for (const std::string& digest : kept)
    for (const std::string& blob : repository.manifests.at(digest).blobs) used.insert(blob);
  for (const auto& [digest, touched] : repository.blobs)
    if (!used.contains(digest) && !lately(touched, rules.held)) sweep.blobs.push_back(digest);
  return sweep;
}

}  // namespace podo::registry
