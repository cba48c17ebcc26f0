// LocalEngine: the Engine of this machine. A file per verb; what each keeps of a container is in slot.h. In
// which order things are written, so that no end of the daemon loses any, README.md says; see restore.cpp.
#pragma once

#include <deque>
#include <functional>

#include "base/io/group.h"
#include "container/archive/archive.h"
#include "container/config/create_config.h"
#include "container/engine/container_state.h"
#include "container/engine/engine.h"
#include "container/engine/slot.h"
#include "container/runtime/runtime.h"
#include "container/sandbox/sandboxes.h"
#include "container/volumes/mounts_resolve.h"

namespace podo::engine {
class HealthSchedule;

class LocalEngine final : public Engine {
 public:
  LocalEngine(const EngineGround& ground, EngineOptions options);
  ~LocalEngine() override;
  Task<void> begin();  // once, before anything else

  Task<Created> create(docker::CreateRequest request, std::string name) override;
  Task<Created> create_step(docker::CreateRequest request, std::string snapshot_id) override;
  Result<ContainerPtr> get(std::string_view reference) const override;
  std::vector<ContainerPtr> list() const override;
  Task<bool> start(std::string reference, std::string detach_keys) override;
  Task<bool> stop(std::string reference, StopOptions options) override;
  Task<void> restart(std::string reference, StopOptions options) override;
  Task<void> kill(std::string reference, std::string signal) override;
  Task<void> pause(std::string reference) override;
  Task<void> unpause(std::string reference) override;
  Task<void> rename(std::string reference, std::string name) override;
  Task<std::vector<std::string>> update(std::string reference, docker::UpdateRequest request) override;
  Task<void> remove(std::string reference, RemoveOptions options) override;
  Result<std::unique_ptr<Waiter>> wait(std::string reference, WaitFor what) override;
  Task<std::unique_ptr<io::Stream>> attach(std::string reference, AttachOptions options) override;
  Task<void> resize(std::string reference, std::uint32_t height, std::uint32_t width) override;
  Task<std::unique_ptr<LogReader>> logs(std::string reference, LogOptions options) override;
  Task<Top> top(std::string reference, std::string ps_arguments) override;
  Task<std::string> stats(std::string reference, std::string_view previous, bool one_shot) override;
  Task<std::vector<image::Change>> changes(std::string reference) override;
  Task<Usage> usage(std::string reference) override;
  Task<PathStat> stat_path(std::string reference, std::string path) override;
  Task<PathStat> copy_from(std::string reference, std::string path, std::function<Task<void>(PathStat)> first,
                           image::Images::Sink sink) override;
  Task<void> copy_to(std::string reference, std::string path, http::Body& archive,
                     CopyOptions options) override;
  Task<void> export_tree(std::string reference, image::Images::Sink sink) override;
  Task<image::ImagePtr> commit(CommitRequest request) override;
  Task<std::string> create_exec(std::string reference, docker::ExecConfig config) override;
  Result<ExecPtr> get_exec(std::string_view id) const override;
  Task<std::unique_ptr<io::Stream>> start_exec(std::string id, ExecStart how) override;
  Task<int> wait_exec(std::string id) override;
  Task<void> resize_exec(std::string id, std::uint32_t height, std::uint32_t width) override;
  Task<VolumePtr> create_volume(VolumeWish wish) override;
  Result<VolumePtr> get_volume(std::string_view name) const override;
  std::vector<VolumePtr> list_volumes() const override;
  std::vector<std::string> users_of_volume(std::string_view name) const override;
  Task<std::uint64_t> volume_bytes(std::string name) override;
  Task<void> remove_volume(std::string name, bool force) override;
  Task<void> connect(std::string network, std::string container, docker::EndpointSettings settings) override;
  Task<void> disconnect(std::string network, std::string container, bool force) override;
  Task<SandboxPtr> make_sandbox(SandboxWish wish) override;
  SandboxPtr find_sandbox(std::string_view id) const override;
  std::vector<SandboxPtr> list_sandboxes() const override;
  Task<void> set_sandbox_hosts(std::string id, std::string hosts) override;
  Task<void> remove_sandbox(std::string id) override;
  Task<std::unique_ptr<io::Stream>> connect_in_sandbox(std::string id, std::uint16_t port) override;
  Task<void> set_control_group(std::string path, docker::Resources limits) override;
  Task<void> remove_control_group(std::string path) override;
  Task<void> close(bool stop_containers) override;

 private:
  class LocalWaiter;
  using Attributes = std::map<std::string, std::string>;
  // containers_table.cpp: finding, changing, saving
  Result<SlotPtr> find(std::string_view reference) const;
  Result<> claim_name(const std::string& name, const std::string& id);
  SlotPtr add(Container container, Slot::Kind kind = Slot::Kind::container);
  void drop(const SlotPtr& slot);
  void edit(Slot& slot, const std::function<void(Container&)>& change);  // readers see a new snapshot
  Task<void> save(SlotPtr slot);
  void save_later(const SlotPtr& slot);
  void tell(const Slot& slot, std::string action, Attributes more = {});
  void tell_network(const Slot& slot, std::string action, const network::Endpoint& endpoint);
  void tell_volumes(const Slot& slot, std::string action);
  std::string data_folder(std::string_view id) const;
  std::string run_folder(std::string_view id) const;
  void spawn(Task<void> task, std::string name);
  // create.cpp, create_step.cpp
  Task<Created> create_whole(docker::CreateRequest request, std::string name);
  Task<Created> create_step_whole(docker::CreateRequest request, std::string id);
  Result<MountsPlan> plan_container(Container& container, docker::CreateRequest request,
                                    std::vector<std::string>& warnings) const;
  Result<> plan_networks(docker::CreateRequest& request, Container& container) const;
  Task<void> make_parts(SlotPtr slot, MountsPlan mounts);
  Task<void> undo_create(SlotPtr slot);
  // start.cpp
  Task<bool> start_whole(SlotPtr slot);
  Task<void> bring_up(SlotPtr slot);  // the path
  Task<void> bring_up_or_fail(SlotPtr slot);
  Task<void> mount_root(SlotPtr slot);
  Task<void> write_bundle(SlotPtr slot, Sandbox sandbox);
  Task<void> run_monitor(SlotPtr slot);
  Task<void> start_failed(SlotPtr slot, Error error);
  Task<void> watch_run(SlotPtr slot, std::shared_ptr<Run> run);
  Result<Sandbox> plan_sandbox(const Container& container) const;
  AttachRelay& relay_of(Slot& slot);
  docker::Strings runtime_call(std::string verb, docker::Strings options, const Container& container,
                               bool tty) const;
  // container_network.cpp
  Task<void> wire_up(SlotPtr slot, Sandbox& sandbox);
  Task<void> attach_network(SlotPtr slot, std::string network, docker::EndpointSettings settings);
  Task<void> unwire(SlotPtr slot);
  Task<void> write_network_files(SlotPtr slot);
  Result<std::string> hosts_text(const Container& container) const;
  std::vector<std::string> link_variables(const Container& container) const;
  const network::NetworkRecord* find_network(std::string_view name) const;
  // exit.cpp
  Task<void> settle_exit(SlotPtr slot);
  Task<bool> clean_up(SlotPtr slot);
  Task<void> take_down(SlotPtr slot, bool& out_of_memory);
  Task<void> after_exit(SlotPtr slot);
  Task<void> restart_later(SlotPtr slot, Duration pause);
  void note_exit(Slot& slot, int code);
  // stop.cpp
  Task<bool> stop_whole(SlotPtr slot, StopOptions options);
  Task<void> end_run(SlotPtr slot, StopOptions options, StopBy who);
  Task<void> restart_whole(SlotPtr slot, StopOptions options);
  Task<void> send_signal(SlotPtr slot, int signal);
  Task<void> kill_whole(SlotPtr slot, int signal);
  Task<void> stop_by_user(SlotPtr slot);
  // pause.cpp, update.cpp, remove.cpp
  Task<void> freeze(SlotPtr slot, Verb verb);
  Task<void> freeze_or_thaw(SlotPtr slot, Verb verb);
  Task<void> rename_whole(SlotPtr slot, std::string wanted);
  Task<std::vector<std::string>> update_whole(SlotPtr slot, docker::UpdateRequest request);
  Task<void> remove_whole(SlotPtr slot, RemoveOptions options);
  Task<void> erase(SlotPtr slot, bool volumes);
  Task<void> remove_tree(SlotPtr slot);
  Task<void> remove_anonymous_volumes(Container container);
  // health.cpp
  void begin_health(const SlotPtr& slot);
  void end_health(Slot& slot);
  Task<void> probe_health(SlotPtr slot);
  Task<HealthResult> probe(SlotPtr slot, std::vector<std::string> command, const HealthSchedule& schedule);
  Task<std::string> run_probe(ExecSlotPtr exec);
  // exec.cpp, exec_start.cpp
  Result<ExecSlotPtr> find_exec(std::string_view id) const;
  ExecSlotPtr add_exec(const SlotPtr& slot, docker::ExecConfig config);
  void edit_exec(ExecSlot& slot, const std::function<void(Exec&)>& change);
  Task<void> save_exec(ExecSlotPtr exec);
  Task<void> launch_exec(ExecSlotPtr exec, std::optional<std::array<std::uint32_t, 2>> console_size);
  Task<void> run_exec(ExecSlotPtr exec);
  Task<void> exec_over(ExecSlotPtr exec);
  Task<void> kill_exec(ExecSlotPtr exec);
  Task<void> watch_exec(ExecSlotPtr exec);
  Task<void> forget_exec(ExecSlotPtr exec);
  Task<void> forget_old_execs(SlotPtr slot);
  std::string exec_folder(const Exec& exec) const;
  // files.cpp, commit.cpp, network_connect.cpp
  Task<OpenFiles> open_files(SlotPtr slot);
  Task<image::ImagePtr> commit_whole(SlotPtr slot, CommitRequest request);
  Task<void> connect_whole(std::string network, SlotPtr slot, docker::EndpointSettings settings);
  Task<void> disconnect_whole(std::string network, SlotPtr slot);
  // open.cpp, restore.cpp
  Task<void> restore();
  Task<void> load_records();
  Task<void> load_execs();
  Task<void> find_run(SlotPtr slot);
  Task<void> find_exec_run(ExecSlotPtr exec);
  Task<void> go_on(SlotPtr slot);
  void rejoin(const SlotPtr& slot);
  Task<void> remove_leftovers();
  void start_by_policy();
  Task<void> start_from(std::shared_ptr<std::deque<SlotPtr>> queue);
  Task<void> stop_for_end(SlotPtr slot);

  EngineGround ground_;
  EngineOptions options_;
  Machine machine_;
  runtime::Runtime runtime_;
  std::optional<MonitorProgram> monitor_program_;
  io::Fd runtime_file_;
  std::unique_ptr<Volumes> volumes_;
  std::unique_ptr<Sandboxes> sandboxes_;
  std::map<std::string, SlotPtr, std::less<>> slots_;      // by id
  std::map<std::string, std::string, std::less<>> names_;  // name -> id
  std::map<std::string, ExecSlotPtr, std::less<>> execs_;  // by id
  std::set<std::string> groups_;                           // control groups made for others
  bool closing_ = false;
  io::TaskGroup background_;
};

}  // namespace podo::engine
