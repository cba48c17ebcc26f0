// An OCI runtime: a bundle becomes a process (runtime-spec 1.3, runtime.md).
//
// Life of a container:
//   create   namespaces, cgroups, file tree are made; the process waits before exec        status created
//   start    the process is let go; its exec error, if any, comes back here                 status running
//   (pause, resume, exec, update, kill, events while it runs)
//   the process ends                                                                        status stopped
//   remove   cgroups and state go, poststop hooks run
//
// Every verb is one blocking call of one short program; what must last is in the state directory (state.h),
// so that any later program can go on. Errors: NotFound (no such container), AlreadyExists, Conflict (the
// status does not allow it), Invalid (config, arguments), Denied and Unsupported (the host), each with the
// setting and the errno in its message.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"
#include "base/core/log.h"
#include "container/runtime/state.h"

namespace podo::runtime {

struct CreateOptions {
  std::string bundle = ".";
  std::string console_socket, pid_file;
  int preserve_fds = 0;  // descriptors 3 .. 3+n-1 go to the container
  bool no_pivot = false, no_new_keyring = false;
  SystemdManager systemd = SystemdManager::none;  // who makes the control groups
};
struct RunOptions {
  CreateOptions create;
  bool detach = false, keep = false, no_subreaper = false;
};

struct ExecOptions {
  std::string process_file;  // --process: a whole Process; else the fields below over the container's own
  std::vector<std::string> args, env, caps;
  std::string cwd, user, apparmor, process_label;  // user: "uid[:gid]"
  std::vector<std::uint32_t> additional_gids;
  std::optional<bool> terminal, no_new_privileges;
  std::string console_socket, pid_file;
  int preserve_fds = 0;
  bool detach = false, ignore_paused = false;
};

struct Listing {
  ContainerState state;
  Status status;
};

class Runtime {
 public:
  // `root`: where states are kept. All references outlive the Runtime.
  Runtime(std::string root, const Clock& clock, Log& log)
      : root_(std::move(root)), clock_(clock), log_(log) {}

  Result<> create(const std::string& id, const CreateOptions& options);  // create.cpp
  Result<> start(const std::string& id);                                 // start.cpp
  Result<int> run(const std::string& id,
                  const RunOptions& options);  // run.cpp; exit code (128+signal), 0 when detached
  Result<int> exec(const std::string& id, const ExecOptions& options);  // exec.cpp; the same
  Result<Listing> state(const std::string& id) const;                   // query.cpp
  Result<std::vector<Listing>> list() const;  // query.cpp; damaged ones are logged and left out
  Result<std::vector<pid_t>> processes(const std::string& id) const;        // query.cpp
  Result<> kill(const std::string& id, int signal, bool all);               // kill.cpp
  Result<> remove(const std::string& id, bool force);                       // remove.cpp
  Result<> pause(const std::string& id);                                    // pause.cpp
  Result<> resume(const std::string& id);                                   // pause.cpp
  Result<> update(const std::string& id, const oci::Resources& resources);  // update.cpp
  // events.cpp: statistics as JSON (the data of one "stats" event); and OOM (and v2 pressure) notices until
  // the container ends, each given to `emit` as one line.
  Result<std::string> statistics(const std::string& id) const;
  struct EventSink {
    virtual ~EventSink() = default;
    virtual void emit(std::string_view json_line) = 0;
  };
  Result<> events(const std::string& id, Duration interval, EventSink& sink) const;

 private:
  std::string root_;
  const Clock& clock_;
  Log& log_;
};

}  // namespace podo::runtime
