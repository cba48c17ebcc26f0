#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "container/builder/local_builder.h"
#include "container/engine/container_name.h"

namespace podo::builder {
namespace {

// What is mounted at or below `folder`, the innermost first.
std::vector<std::string> mounts_below(const std::string& folder) {
  std::vector<std::string> found;
  const auto mounts = linux::read_file("/proc/self/mounts", 16 << 20);
  std::string_view rest = mounts ? std::string_view(*mounts) : std::string_view();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t blank = line.find(' ');
    const std::string_view path = line.substr(blank + 1, line.find(' ', blank + 1) - blank - 1);
    if (blank != line.npos && path.starts_with(folder + "/")) found.emplace(found.begin(), path);
  }
  return found;
}

Result<> clear(const std::string& work, const std::string& run) {
  for (const std::string& path : mounts_below(run)) TRY(linux::unmount(path.c_str(), MNT_DETACH));
  std::error_code error;
  std::filesystem::remove_all(work, error);
  if (error) return failed_errno(error.value(), "remove {}", work);
  std::filesystem::remove_all(run, error);
  if (error) return failed_errno(error.value(), "remove {}", run);
  std::filesystem::create_directories(run, error);
  if (error) return failed_errno(error.value(), "make {}", run);
  if (::chmod(run.c_str(), 0700) != 0) return failed_errno(errno, "chmod {}", run);
  return {};
}

}  // namespace

LocalBuilder::LocalBuilder(const BuilderGround& ground, BuilderOptions options)
    : ground_(ground), options_(std::move(options)), places_(options_.steps_at_once) {}

Task<void> LocalBuilder::begin() {
  co_await clear_leftovers();
  cache_ = co_await Cache::open(
      {ground_.loop, ground_.pool, ground_.store, ground_.images, ground_.clock, ground_.log},
      options_.folder, options_.cache_bytes);
}

// What a daemon that was killed left: contexts, mounted trees, secrets (gone with their tmpfs).
Task<void> LocalBuilder::clear_leftovers() {
  co_await ground_.pool.run(
      [work = options_.folder + "/work", run = options_.run_folder] { return clear(work, run); });
}

Task<BuildResult> LocalBuilder::build(BuildRequest request, EventSink events) {
  const std::string id = engine::make_id(ground_.random).substr(0, 16);
  const ContextGround contexts{ground_.loop,   ground_.pool, ground_.client,
                               ground_.random, ground_.log,  &digests_};
  Work work{.ground = ground_,
            .cache = *cache_,
            .places = places_,
            .id = id,
            .folder = options_.folder + "/work/" + id,
            .run_folder = options_.run_folder + "/" + id,
            .contexts = contexts,
            .request = std::move(request),
            .events = std::move(events),
            .lease = cache_->lease()};
  auto result = co_await build_image(work).result();
  work.context.reset();
  work.named.clear();
  co_await io::shielded(remove_folders(work));
  co_return std::move(result);
}

Task<void> LocalBuilder::remove_folders(const Work& work) {
  const std::string folder = work.folder, run = work.run_folder;
  const auto removed = co_await ground_.pool
                           .run([folder, run]() -> Result<> {
                             std::error_code first, second;
                             std::filesystem::remove_all(folder, first);
                             std::filesystem::remove(run, second);
                             if (first) return failed_errno(first.value(), "remove {}", folder);
                             if (second) return failed_errno(second.value(), "remove {}", run);
                             return {};
                           })
                           .result();
  if (!removed) ground_.log.warn("after a build: {}", removed.error().message());
}

Task<std::unique_ptr<Builder>> Builder::open(const BuilderGround& ground, BuilderOptions options) {
  auto builder = std::make_unique<LocalBuilder>(ground, std::move(options));
  co_await builder->begin();
  co_return std::unique_ptr<Builder>(std::move(builder));
}

}  // namespace podo::builder
