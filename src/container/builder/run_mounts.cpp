#include "container/builder/run_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/path.h"
#include "container/builder/config_change.h"
#include "container/builder/file_facts.h"

namespace podo::builder {
namespace {

using dockerfile::RunMount;
using Type = RunMount::Type;

std::string target_of(const StageRun& run, const RunMount& mount) {
  if (!mount.target.empty()) return join_working_dir(run.state.config.working_dir, mount.target);
  if (mount.type == Type::secret) return "/run/secrets/" + mount.id;
  if (mount.type == Type::ssh) return "/run/buildkit/ssh_agent.0";
  return {};
}

std::string agent_id(const RunMount& mount) { return mount.id.empty() ? "default" : mount.id; }

docker::Mount bind_of(std::string source, std::string target, bool read_only) {
  docker::Mount mount;
  mount.type = "bind";
  mount.source = std::move(source);
  mount.target = std::move(target);
  mount.read_only = read_only;
  return mount;
}

// Where `path` of the tree below `top` really lies, and whether it is a folder: symlinks lead no further than
// the tree.
struct Place {
  std::string path;
  bool is_folder = false;
};
Result<Place> resolve_in(const std::string& top, const std::string& path) {
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, top.c_str(), O_PATH | O_DIRECTORY));
  const std::string below = linux::clean_path(path);
  auto found = linux::open_below(root.get(), below.c_str(), O_PATH, linux::in_root);
  if (!found) {
    if (found.error().system_errno() == ENOENT)
      return not_found("failed to calculate checksum: \"{}\": not found", below);
    return Failure(found.error());
  }
  struct stat status = {};
  if (::fstat(found->get(), &status) != 0) return failed_errno(errno, "stat {}", below);
  std::error_code error;
  Place place{.path = std::filesystem::read_symlink(text("/proc/self/fd/{}", found->get()), error)};
  if (error) return failed_errno(error.value(), "find {}", below);
  place.is_folder = S_ISDIR(status.st_mode);
  return place;
}

// Files of a folder, copied to where they may be written to, and where none is seen that should not be.
Task<std::string> copy_out(Work& work, const Tree* from, std::string path, RunMounts& made, bool& is_folder) {
  made.trees.push_back(co_await mount_tree(work, {}));
  const std::string top = made.trees.back().path;
  const Tree tree = *from;
  const Place place = co_await io::shielded(work.ground.pool.run([=]() -> Result<Place> {
    Place of = TRY(resolve_in(tree.path, path));
    const io::Fd root = TRY(linux::open_at(AT_FDCWD, top.c_str(), O_RDONLY | O_DIRECTORY));
    const Selected all = TRY(select(tree, {path.empty() ? "." : path}, {.may_be_empty = true}));
    TRY(put(tree, all, root.get(), of.is_folder ? "/" : "/file", {.instruction = "RUN"}));
    return of;
  }));
  is_folder = place.is_folder;
  co_return is_folder ? top : top + "/file";
}

Task<void> make_bind(Solve& solve, StageRun& run, const RunMount& mount, RunMounts& made) {
  Work& work = solve.work();
  const Source source = co_await solve.find_source(run, mount.from);
  const std::string target = target_of(run, mount);
  std::string path;
  bool is_folder = true;
  const bool in_place = source.tree != nullptr && mount.read_only &&
                        (source.tree->ignore == nullptr || source.tree->ignore->empty());
  if (source.tree != nullptr && !in_place) {
    path = co_await copy_out(work, source.tree, mount.source, made, is_folder);
  } else {
    std::string top;
    if (source.tree != nullptr) {
      top = source.tree->path;
    } else {
      made.trees.push_back(co_await mount_tree(work, source.chain_ids));
      top = made.trees.back().path;
    }
    const Place place = co_await work.ground.pool.run([=] { return resolve_in(top, mount.source); });
    path = place.path;
    is_folder = place.is_folder;
  }
  made.mounts.push_back(bind_of(std::move(path), target, mount.read_only));
  made.targets.push_back(is_folder ? target + "/" : target);
}

Result<> fill_cache(const std::string& path, const RunMount& mount, const std::string& from) {
  if (!from.empty()) {
    const Place place = TRY(resolve_in(from, mount.source));
    const Tree tree{.path = place.path, .keep_owner = true};
    const io::Fd root = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY));
    const Selected all = TRY(select(tree, {"."}, {.may_be_empty = true}));
    TRY(put(tree, all, root.get(), "/", {.instruction = "RUN"}));
  }
  if (::chmod(path.c_str(), mount.mode.value_or(0755)) != 0) return failed_errno(errno, "chmod {}", path);
  if (::chown(path.c_str(), mount.uid.value_or(0), mount.gid.value_or(0)) != 0)
    return failed_errno(errno, "chown {}", path);
  return {};
}

Task<void> make_cache(Solve& solve, StageRun& run, const RunMount& mount, RunMounts& made) {
  Work& work = solve.work();
  const std::string target = target_of(run, mount);
  const std::string id = mount.id.empty() ? target : linux::clean_path(mount.id);
  const auto space = work.given.find("BUILDKIT_CACHE_MOUNT_NS");
  const std::string name = (space == work.given.end() ? "" : space->second.value_or("")) + id;
  Cache::Sharing sharing = Cache::Sharing::shared;
  if (mount.sharing == RunMount::Sharing::exclusive) sharing = Cache::Sharing::exclusive;
  if (mount.sharing == RunMount::Sharing::locked) sharing = Cache::Sharing::locked;
  made.caches.push_back(co_await work.cache.mount(name, sharing));
  Cache::Mount& folder = *made.caches.back();
  const std::string path = folder.path();
  if (folder.is_new()) {
    std::string from;
    if (!mount.from.empty()) {
      const Source source = co_await solve.find_source(run, mount.from);
      if (source.tree != nullptr) from = source.tree->path;
      else {
        made.trees.push_back(co_await mount_tree(work, source.chain_ids));
        from = made.trees.back().path;
      }
    }
    co_await io::shielded(work.ground.pool.run([=] { return fill_cache(path, mount, from); }));
  }
  made.mounts.push_back(bind_of(path, target, mount.read_only));
  made.targets.push_back(target + "/");
}

Result<> mount_secrets(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return failed_errno(error.value(), "make {}", folder);
  return linux::mount_classic("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                              "mode=0711,size=64m");
}

Result<> write_secret(const std::string& path, const std::string& value, const RunMount& mount) {
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  if (!value.empty()) TRY(linux::write_whole(file.get(), value));
  if (::fchown(file.get(), mount.uid.value_or(0), mount.gid.value_or(0)) != 0 ||
      ::fchmod(file.get(), mount.mode.value_or(0400)) != 0)
    return failed_errno(errno, "write {}", path);
  return {};
}

Task<void> make_secret(Solve& solve, StageRun& run, RunMount mount, RunMounts& made) {
  Work& work = solve.work();
  if (mount.id.empty()) mount.id = mount.target.substr(mount.target.rfind('/') + 1);
  const auto secret = work.request.secrets.find(mount.id);
  if (secret == work.request.secrets.end()) {
    if (mount.required) co_await not_found("secret {}: not found", mount.id);
    co_return;
  }
  const std::string& value = secret->second.value;
  if (!mount.env.empty()) made.environment.push_back(mount.env + "=" + value);
  if (!mount.env.empty() && mount.target.empty()) co_return;
  if (made.secrets_folder.empty()) {
    const std::string folder = text("{}/{}", work.run_folder, work.next_name());
    co_await io::shielded(work.ground.pool.run([folder] { return mount_secrets(folder); }));
    made.secrets_folder = folder;
  }
  const std::string path = text("{}/{}", made.secrets_folder, made.targets.size());
  co_await write_secret(path, value, mount);
  const std::string target = target_of(run, mount);
  made.mounts.push_back(bind_of(path, target, true));
  made.targets.push_back(target);
}

Task<void> make_agent(Solve& solve, StageRun& run, const RunMount& mount, RunMounts& made) {
  const auto& agents = solve.work().request.ssh;
  const auto agent = agents.find(agent_id(mount));
  if (agent == agents.end()) {
    if (mount.required)
      co_await not_found("unset ssh forward key {}: give it with --ssh {}", agent_id(mount), agent_id(mount));
    co_return;
  }
  const std::string target = target_of(run, mount);
  made.mounts.push_back(bind_of(agent->second, target, true));
  made.targets.push_back(target);
  made.environment.push_back("SSH_AUTH_SOCK=" + target);
}

void make_tmpfs(const StageRun& run, const RunMount& mount, RunMounts& made) {
  docker::Mount tmpfs;
  tmpfs.type = "tmpfs";
  tmpfs.target = target_of(run, mount);
  tmpfs.tmpfs.emplace();
  tmpfs.tmpfs->size_bytes = mount.size_bytes;
  made.targets.push_back(tmpfs.target + "/");
  made.mounts.push_back(std::move(tmpfs));
}

Task<void> make_one(Solve& solve, StageRun& run, const RunMount& mount, RunMounts& made) {
  switch (mount.type) {
    case Type::bind: co_return co_await make_bind(solve, run, mount, made);
    case Type::cache: co_return co_await make_cache(solve, run, mount, made);
    case Type::tmpfs: co_return make_tmpfs(run, mount, made);
    case Type::secret: co_return co_await make_secret(solve, run, mount, made);
    case Type::ssh: co_return co_await make_agent(solve, run, mount, made);
  }
}

Task<void> drop_all(Work& work, RunMounts made) {
  for (MountedTree& tree : made.trees) co_await drop_tree(work, std::move(tree));
  if (made.secrets_folder.empty()) co_return;
  const auto gone = linux::unmount(made.secrets_folder.c_str(), MNT_DETACH);
  if (!gone) work.ground.log.warn("unmount {}: {}", made.secrets_folder, gone.error().message());
  std::error_code ignored;
  std::filesystem::remove(made.secrets_folder, ignored);
}

}  // namespace

Task<std::vector<std::string>> mount_keys(Solve& solve, StageRun& run, const std::vector<RunMount>& wanted) {
  std::vector<std::string> keys;
  for (const RunMount& mount : wanted) {
    std::string key = text("{} {} {}", static_cast<int>(mount.type), target_of(run, mount), mount.read_only);
    if (mount.type == Type::cache) key += text(" {}", mount.id);
    if (mount.type == Type::secret || mount.type == Type::ssh) key += text(" {} {}", mount.id, mount.env);
    if (mount.type == Type::tmpfs) key += text(" {}", mount.size_bytes);
    if (mount.type == Type::bind) {
      const Source source = co_await solve.find_source(run, mount.from);
      const std::string path = linux::clean_path(mount.source);
      if (source.tree == nullptr && path == "/") {
        key += " " + (source.chain_ids.empty() ? std::string() : source.chain_ids.back());
      } else {
        const std::string pattern = path == "/" ? "." : path;
        key += " " + (co_await take_files(solve.work(), source, {pattern}, {.may_be_empty = true})).digest;
      }
    }
    keys.push_back(std::move(key));
  }
  co_return keys;
}

Task<void> make_mounts(Solve& solve, StageRun& run, const std::vector<RunMount>& wanted, RunMounts& made) {
  for (const RunMount& mount : wanted) co_await make_one(solve, run, mount, made);
}

Task<void> drop_mounts(Work& work, RunMounts made) { return io::shielded(drop_all(work, std::move(made))); }

}  // namespace podo::builder
