#include "container/archive/archive.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/linux/path.h"
#include "container/archive/archive_path.h"
#include "container/archive/tree_archiver.h"
#include "container/archive/tree_extractor.h"
#include "container/config/user_lookup.h"

namespace podo::engine {
namespace {

constexpr std::size_t read_bytes = 256 << 10;

// What is not there is told in the words clients wait for.
Failure in_dockers_words(Error error, const std::string& path, const std::string& container_id) {
  if (error.system_errno() == ENOENT)
    return not_found("Could not find the file {} in container {}", path, container_id);
  if (error.system_errno() == EROFS) return invalid("mounted volume is marked read-only");
  return Failure(std::move(error));
}

Task<void> send_tree(io::BlockingPool& pool, std::shared_ptr<TreeArchiver> archiver,
                     image::Images::Sink sink) {
  for (;;) {
    const std::string piece = co_await pool.run([archiver] { return archiver->next(); });
    if (piece.empty()) co_return;
    co_await sink(piece);
  }
}

struct Target {
  std::shared_ptr<TreeExtractor> extractor;
  FileViewPtr view;  // lives as long
};

Result<Target> open_target(const Archive& archive, const FileViewPtr& view, const std::string& path,
                           const CopyOptions& options) {
  const std::string folder = TRY(follow_links(view->root(), linux::clean_path(path)));
  const io::Fd place = TRY(open_inside(view->root(), folder, O_PATH));
  struct stat status{};
  if (::fstat(place.get(), &status) != 0) return failed_errno(errno, "stat {}", path);
  if (!S_ISDIR(status.st_mode)) return invalid("extraction point is not a directory");
  TreeExtractor::Options how{.no_overwrite_dir_non_dir = options.no_overwrite_dir_non_dir, .owner = {}};
  if (options.copy_uid_gid && !archive.user.empty()) {
    const UserIds user = TRY(look_up_user(text("/proc/self/fd/{}", view->root()), archive.user, {}));
    how.owner = {user.uid, user.gid};
  }
  return Target{std::make_shared<TreeExtractor>(view->root(), folder, how), view};
}

Task<void> extract(io::BlockingPool& pool, Target target, http::Body& body) {
  auto buffer = std::make_shared<std::string>();
  for (;;) {
    buffer->resize(read_bytes);
    const std::size_t count = co_await body.read(io::writable_bytes_of(*buffer));
    buffer->resize(count);
    if (count == 0) break;
    co_await pool.run([target, buffer] { return target.extractor->feed(*buffer); });
  }
  co_await pool.run([target] { return target.extractor->finish(); });
}

}  // namespace

Task<void> copy_from(Archive archive, FileViewPtr view, std::string path,
                     std::function<Task<void>(PathStat)> first, image::Images::Sink sink) {
  const NamedPath named = split_named(path);
  PathStat status = co_await archive.pool.run(
      [view, path, id = archive.container_id] { return stat_path(*view, path, id); });
  io::Fd folder =
      co_await linux::open_below(view->root(), named.folder.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root);
  if (first) co_await first(std::move(status));
  TreeArchiver::Options options;
  options.rename = named.shown == "/" ? "." : named.shown;
  co_await send_tree(archive.pool, std::make_shared<TreeArchiver>(std::move(folder), named.name, options),
                     std::move(sink));
}

Task<void> copy_to(Archive archive, FileViewPtr view, std::string path, http::Body& body,
                   CopyOptions options) {
  Result<Target> target =
      co_await archive.pool
          .run([archive, view, path, options] { return open_target(archive, view, path, options); })
          .result();
  if (!target) co_return co_await in_dockers_words(std::move(target).error(), path, archive.container_id);
  const Result<void> extracted = co_await extract(archive.pool, *std::move(target), body).result();
  if (!extracted) co_await in_dockers_words(extracted.error(), path, archive.container_id);
}

// Of the tree alone: mounts are left out, as Docker does.
Task<void> export_tree(Archive archive, FileViewPtr view, image::Images::Sink sink) {
  io::Fd root = co_await linux::open_below(view->root(), "/", O_RDONLY | O_DIRECTORY, linux::in_root);
  TreeArchiver::Options options;
  options.one_file_system = true;
  co_await send_tree(archive.pool, std::make_shared<TreeArchiver>(std::move(root), ".", options),
                     std::move(sink));
}

}  // namespace podo::engine
