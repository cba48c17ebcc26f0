// One container being made, up to the point where its process waits: what `create` and `run` share.
//
// Life:  Creation::open -> deliver() -> take what is needed -> keep()
// Not kept, it is undone by its destructor: the process, the cgroups and the state are gone again.
#pragma once

#include <memory>
#include <string>

#include "container/runtime/birth.h"
#include "container/runtime/runtime.h"
#include "container/runtime/state.h"
#include "container/systemd_scope/scope.h"
#include "model/oci/spec.h"

namespace podo::runtime {

class Creation : BirthAttendant {
 public:
  struct Request {
    const std::string& root;
    const std::string& id;
    const CreateOptions& options;
    bool separate_start = true;  // create: `start` is another program's
    bool terminal_here = false;  // run in the foreground without a console socket: the terminal comes to us
  };
  static Result<std::unique_ptr<Creation>> open(const Request& request, const Clock& clock, Log& log);
  ~Creation() override;

  // The process exists and waits; state and pid file are written.
  Result<Newborn> deliver();
  void keep() { kept_ = true; }

  const oci::Config& config() const { return config_; }
  const StateDirectory& directory() const { return *directory_; }
  ContainerState& state() { return state_; }

 private:
  Creation(const Request& request, const Clock& clock, Log& log)
      : request_(request), clock_(clock), log_(log) {}
  Result<> read_bundle();
  Result<> check_terminal() const;
  Result<> make_cgroups();
  Result<Cgroup> make_scope(const linux::CgroupLayout& layout);
  Result<> release_scope();
  Result<> limit_processes(std::int64_t limit);
  Result<> prepare_birth();
  Result<> give_net_devices();
  Result<> born(pid_t pid) override;
  Result<> run_runtime_hooks() override;

  Request request_;
  const Clock& clock_;
  Log& log_;
  std::string config_text_;
  oci::Config config_;
  Plan plan_;
  ContainerState state_;
  Birth birth_;
  std::optional<StateDirectory> directory_;
  std::optional<Scope> scope_;  // systemd's, in which cgroup_ is
  std::optional<Cgroup> cgroup_;
  bool born_ = false, kept_ = false;
};

// The container's path within each hierarchy; one that the config does not name is /podo-ID, so that no
// parent stays behind.
std::string choose_cgroup_path(const std::string& configured, const std::string& id);
Result<> write_pid_file(const std::string& path, pid_t pid);

// The configuration as it was at create.
Result<oci::Config> saved_config(const StateDirectory& directory);

// Lets the waiting process go, over the channel of its birth or a `start` connection, and returns when it
// became its program (or with why it could not). Then poststart hooks; their failures are warnings.
// `now`: the container's status until then.
Result<> let_go(const Channel& channel, const ContainerState& state, const StateDirectory& directory,
                Status now, Log& log);

// Sends a seccomp listener of process `pid` to the config's listenerPath.
Result<> send_listener_on(const io::Fd& listener, const ContainerState& state,
                          const StateDirectory& directory, Status now, pid_t pid);

}  // namespace podo::runtime
