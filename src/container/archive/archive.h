// Files of a container, as the container sees them: with its volumes, binds and tmpfs; every path is walked
// inside its file tree, symlinks included, so that nothing in it can lead outside.
//
//   running     /proc/PID/root
//   otherwise   its mounted snapshot, with its binds and volumes attached in a private mount namespace of a
//               detached tree (nothing of it shows on the host)
//
// `docker cp` semantics. Tar is written and read piece by piece: in memory is one piece. Blocking work runs
// on the pool, the stream on the loop. Errors: not_found `Could not find the file /x in container ID`,
// invalid "extraction point is not a directory", "cannot overwrite ...".
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/http/message.h"
#include "base/io/blocking_pool.h"
#include "base/io/fd.h"
#include "container/config/runtime_config.h"

namespace podo::engine {

using io::Task;

// A container's file tree, held by a descriptor: valid as long as this lives.
class FileView {
 public:
  static Result<FileView> of_process(int pid);  // blocking
  // `rootfs` is mounted; `mounts` are ready (ready_mounts). Blocking.
  static Result<FileView> of_folder(const std::string& rootfs, std::span<const ReadyMount> mounts);
  int root() const { return root_.get(); }

 private:
  io::Fd root_;
  io::Fd space_;  // the mount namespace that keeps the tree together; or none
};
using FileViewPtr = std::shared_ptr<const FileView>;

// Blocking: for the pool.
// `container_id` is for the error: "Could not find the file /x in container ID".
Result<PathStat> stat_path(const FileView& view, const std::string& path, std::string_view container_id = {});

struct Archive {  // the ground of the calls below
  io::BlockingPool& pool;
  std::string container_id;
  std::string user = {};  // of the container: whose files are with copy_uid_gid; "" nobody's in particular
};
// The file or folder at `path` as tar, its entries beginning with the last part of `path` ("." for "x/.").
Task<void> copy_from(Archive archive, FileViewPtr view, std::string path,
                     std::function<Task<void>(PathStat)> first, image::Images::Sink sink);
Task<void> copy_to(Archive archive, FileViewPtr view, std::string path, http::Body& body,
                   CopyOptions options);
Task<void> export_tree(Archive archive, FileViewPtr view, image::Images::Sink sink);

}  // namespace podo::engine
