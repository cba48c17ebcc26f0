// The file trees of containers: cp, export, diff, sizes; and what runs in them: top, stats.
#include "base/io/combine.h"
#include "container/engine/diff_filter.h"
#include "container/engine/local_engine.h"
#include "container/engine/sandbox_join.h"
#include "container/engine/stats.h"
#include "container/engine/top.h"
#include "container/volumes/run_folder.h"

namespace podo::engine {

// Of one that does not run, the tree is mounted for the moment in which it is opened; its turn is kept while
// it is used, so that nobody starts it from under us.
Task<OpenFiles> LocalEngine::open_files(SlotPtr slot) {
  OpenFiles files{.view = {}, .held = co_await slot->turn.take()};
  if (slot->removed) co_return not_found("No such container: {}", slot->id());
  if (is_alive(slot->status())) {
    files.held.release();
    files.view = std::make_shared<const FileView>(
        co_await ground_.pool.run([pid = slot->container->state.pid] { return FileView::of_process(pid); }));
    co_return files;
  }
  const std::string folder = run_folder(slot->id()), rootfs = folder + "/rootfs";
  co_await make_run_folder(folder);
  const Result<void> mounted = co_await mount_root(slot).result();
  Result<FileView> view = internal("not looked for");
  if (mounted)
    view = co_await ground_.pool
               .run([folder, rootfs, mounts = slot->container->mounts]() -> Result<FileView> {
                 auto ready = ready_mounts(mounts, folder);
                 if (!ready) return Failure(std::move(ready).error());
                 return FileView::of_folder(rootfs, *ready);
               })
               .result();
  // The view has mounts of its own. What was mounted by name goes, also after half a success.
  co_await ground_.pool.run([folder]() -> Result<void> { return release_mounts(folder), Result<void>(); });
  co_await ground_.images.unmount(rootfs);
  for (const MountPoint& mount : slot->container->mounts) {
    if (mount.type == "volume") co_await volumes_->unmount(mount.name, slot->id());
  }
  co_await ground_.pool.run([folder] { return remove_run_folder(folder); });
  co_await Result<void>(mounted);
  files.view = std::make_shared<const FileView>(co_await std::move(view));
  co_return files;
}

Task<PathStat> LocalEngine::stat_path(std::string reference, std::string path) {
  const SlotPtr slot = co_await find(reference);
  const OpenFiles files = co_await io::shielded(open_files(slot));
  co_return co_await ground_.pool.run(
      [view = files.view, path, reference] { return engine::stat_path(*view, path, reference); });
}

Task<PathStat> LocalEngine::copy_from(std::string reference, std::string path,
                                      std::function<Task<void>(PathStat)> first, image::Images::Sink sink) {
  const SlotPtr slot = co_await find(reference);
  const OpenFiles files = co_await io::shielded(open_files(slot));
  const PathStat status = co_await ground_.pool.run(
      [view = files.view, path, reference] { return engine::stat_path(*view, path, reference); });
  tell(*slot, "archive-path");
  co_await engine::copy_from({ground_.pool, reference}, files.view, path, std::move(first), std::move(sink));
  co_return status;
}

Task<void> LocalEngine::copy_to(std::string reference, std::string path, http::Body& archive,
                                CopyOptions options) {
  const SlotPtr slot = co_await find(reference);
  const OpenFiles files = co_await io::shielded(open_files(slot));
  co_await engine::copy_to({ground_.pool, reference, slot->container->config.user}, files.view, path, archive,
                           options);
  tell(*slot, "extract-to-dir");
}

Task<void> LocalEngine::export_tree(std::string reference, image::Images::Sink sink) {
  const SlotPtr slot = co_await find(reference);
  const OpenFiles files = co_await io::shielded(open_files(slot));
  co_await engine::export_tree({ground_.pool, reference}, files.view, std::move(sink));
  tell(*slot, "export");
}

Task<std::vector<image::Change>> LocalEngine::changes(std::string reference) {
  const SlotPtr slot = co_await find(reference);
  co_return without_mount_places(co_await ground_.images.changes(slot->id()));
}

Task<Usage> LocalEngine::usage(std::string reference) {
  const SlotPtr slot = co_await find(reference);
  const auto own = static_cast<std::int64_t>(co_await ground_.images.snapshot_bytes(slot->id()));
  co_return Usage{.writable_bytes = own,
                  .root_bytes = own + static_cast<std::int64_t>(slot->container->image->size_bytes)};
}

Task<Engine::Top> LocalEngine::top(std::string reference, std::string ps_arguments) {
  const SlotPtr slot = co_await find(reference);
  co_await may(Verb::resize, slot->status(), slot->id(), slot->container->name);  // it runs
  auto pids =
      co_await ground_.pool.run([&runtime = runtime_, id = slot->id()] { return runtime.processes(id); });
  tell(*slot, "top");
  co_return co_await list_processes(ground_.loop, std::move(ps_arguments), std::move(pids));
}

Task<std::string> LocalEngine::stats(std::string reference, std::string_view previous, bool) {
  const SlotPtr slot = co_await find(reference);
  std::string usage;
  std::vector<network::Networks::Counters> counters;
  if (is_alive(slot->status())) {
    usage =
        (co_await ground_.pool.run([&runtime = runtime_, id = slot->id()] { return runtime.statistics(id); })
             .result())
            .value_or("");
    const std::string network = network_owner(*slot->container);
    if (!network.empty())
      counters = (co_await ground_.networks.counters(network).result())
                     .value_or(std::vector<network::Networks::Counters>());
  }
  co_return make_stats(
      *slot->container, machine_,
      {.usage = usage, .system_cpu_ns = system_cpu_time(), .now = ground_.clock.wall(), .networks = counters},
      previous);
}

}  // namespace podo::engine
