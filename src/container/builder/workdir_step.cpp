// WORKDIR: the folder is made when it is not there, as a layer; it belongs to the user of the time.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/builder/config_change.h"
#include "container/builder/solve.h"
#include "container/builder/step_key.h"
#include "container/builder/trees.h"

namespace podo::builder {
namespace {

// `path` is clean. Symlinks on the way lead where they lead in the tree.
Result<> make_folders(const std::string& top, const std::string& path, const std::string& user) {
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, top.c_str(), O_PATH | O_DIRECTORY));
  Owner owner;
  if (!user.empty()) owner = TRY(find_owner(root.get(), user));
  for (std::size_t slash = 0; slash < path.size();) {
    const std::size_t end = std::min(path.find('/', slash + 1), path.size());
    const std::string before = slash == 0 ? "/" : path.substr(0, slash);
    const std::string name = path.substr(slash + 1, end - slash - 1);
    slash = end;
    if (name.empty()) break;
    const auto there =
        linux::open_below(root.get(), path.substr(0, end).c_str(), O_PATH | O_DIRECTORY, linux::in_root);
    if (there) continue;
    if (there.error().system_errno() != ENOENT) return Failure(there.error());
    const io::Fd parent =
        TRY(linux::open_below(root.get(), before.c_str(), O_PATH | O_DIRECTORY, linux::in_root));
    if (::mkdirat(parent.get(), name.c_str(), 0755) != 0) return failed_errno(errno, "mkdir {}", path);
    if (::fchownat(parent.get(), name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0)
      return failed_errno(errno, "chown {}", path);
  }
  return {};
}

Task<image::Images::KeptLayer> make_folder(Work& work, std::vector<std::string> chain_ids, std::string path,
                                           std::string user) {
  MountedTree tree = co_await mount_tree(work, std::move(chain_ids));
  const auto made = co_await io::shielded(work.ground.pool.run([top = tree.path, path, user]() -> Result<> {
                      return make_folders(top, path, user);
                    })).result();
  if (!made) {
    co_await drop_tree(work, std::move(tree));
    co_return Failure(made.error());
  }
  co_return co_await keep_tree(work, std::move(tree));
}

}  // namespace

Task<StepDone> workdir_step(Solve& solve, StageRun& run, dockerfile::Instruction step) {
  oci::ImageConfig config = run.state.config;
  bool command_set = run.state.command_set;
  std::string history = co_await change_config(config, step, command_set);
  StepKey key("workdir");
  key.add("parent", run.state.top())
      .add("past", run.state.past)
      .add("path", config.working_dir)
      .add("user", config.user);
  if (solve.work().epoch) key.add("epoch", text("{}", *solve.work().epoch));
  const std::size_t layers = run.state.chain_ids.size();
  const StepDone done = co_await solve.add_layer(
      run, key.digest(), step.text, [&solve, &run, path = config.working_dir, user = config.user] {
        return make_folder(solve.work(), run.state.chain_ids, path, user);
      });
  run.state.config.working_dir = std::move(config.working_dir);
  run.state.add_history(done.created, std::move(history), run.state.chain_ids.size() == layers);
  co_return done;
}

}  // namespace podo::builder
