// What the runtime remembers of a container between its programs: one directory per container below the root.
//
//   ROOT/ID/state.json    id, bundle, pid and its start time, boot id, control groups; replaced by rename
//   ROOT/ID/config.json   the configuration as it was at create, byte for byte
//   ROOT/ID/cgroups       exists since the control groups are this container's; of a scope of systemd's
//                         manager:"system"|"user" newline unit newline path newline, else empty
//   ROOT/ID/start.sock    exists while the container waits for `start`
//   ROOT/ID/lock          the verb that changes the container holds a record lock (fcntl(2)) on it
//   ROOT/~INODE           a directory that is being removed; no container id looks like that
//
// ROOT is usually on tmpfs, but need not be: a state of an earlier boot is recognised (boot id) and counts as
// stopped; so does a pid that was given to another process since (start time). Nothing is flushed to disk:
// after a crash of the machine the state is that of an earlier boot anyway, and a damaged one can be deleted
// by force.
// The lock belongs to the process, not to the descriptor: a container's first process, born with copies of
// all descriptors, does not keep it, and it goes with a verb that is killed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"
#include "base/io/fd.h"
#include "container/cgroup/cgroup.h"
#include "container/systemd_scope/scope_name.h"
#include "model/oci/spec.h"

struct sockaddr_un;

namespace podo::runtime {

enum class Status : std::uint8_t { creating, created, running, paused, stopped };
std::string_view name_of(Status status);

struct ContainerState {
  std::string id, bundle, rootfs, oci_version;
  pid_t pid = 0;                     // the container's first process; 0 while creating
  std::uint64_t pid_start_time = 0;  // field 22 of /proc/PID/stat
  std::string boot_id;
  std::string created;  // RFC 3339, nanoseconds, UTC
  std::uint32_t owner_uid = 0;
  bool has_poststop = false, has_poststart = false, has_start_container = false;
  bool keeps_keyring = false;  // --no-new-keyring: the caller's session keyring, for exec too
  bool started = false;
  oci::StringMap annotations;
  std::vector<CgroupDirectory> cgroups;
  SystemdScope scope;  // who made them, if it was systemd
};

// Control groups of a creation that may not have been finished.
struct CgroupMark {
  SystemdScope scope;
  std::string path;  // with a scope; else config.json says it
};

std::string encode_state(const ContainerState& state);
Result<ContainerState> decode_state(std::string bytes);  // Corrupt; members it does not know are ignored
// The JSON of `state` and of hooks (runtime.md#state).
std::string spec_state_json(const ContainerState& state, Status status);

// "" , "..", "a/b", longer than 1024 or with other than [A-Za-z0-9_+.-] is Invalid.
Result<> check_container_id(std::string_view id);

constexpr Duration lock_wait = seconds(10);

// A container's directory, opened; `lock` held when it was taken.
class StateDirectory {
 public:
  // AlreadyExists when the id is taken. The directory is locked.
  static Result<StateDirectory> create(const std::string& root, const std::string& id);
  enum class Lock : std::uint8_t { none, exclusive };
  // NotFound: "container ID does not exist". Conflict when another verb does not let go of the container
  // within `lock_wait`.
  static Result<StateDirectory> open(const std::string& root, const std::string& id, Lock lock);

  Result<ContainerState> load() const;  // Corrupt when damaged, NotFound when creation never finished
  Result<> save(const ContainerState& state) const;
  Result<std::string> config() const;  // the text of config.json at create
  Result<> save_config(std::string_view text) const;
  Result<io::Fd> listen_start() const;  // makes start.sock
  Result<io::Fd> connect_start() const;
  bool waits_for_start() const;
  // Control groups were made, where config.json says: only then they may be removed by what it says.
  Result<> mark_cgroups(const CgroupMark& mark) const;
  Result<std::optional<CgroupMark>> find_cgroups() const;
  Result<> forget_start() const;  // removes start.sock
  Result<> remove();              // the whole directory; from the first moment nobody finds it by its id
  bool is_being_changed() const;  // some other program holds the lock
  const std::string& path() const { return path_; }

 private:
  StateDirectory(std::string path, std::string id) : path_(std::move(path)), id_(std::move(id)) {}
  Result<> take_lock();
  bool was_removed() const;
  Result<io::Fd> start_socket(sockaddr_un& address) const;

  io::Fd directory_, lock_;
  std::string path_, id_;
};

Result<std::vector<std::string>> list_containers(const std::string& root);  // ids, sorted; no root: none

// Looks at the process, never at the memory of it. Not for the program that creates the container: only
// others see it `creating`.
Status observe(const StateDirectory& directory, const ContainerState& state);
bool is_alive(const ContainerState& state);  // the same process still runs (a zombie does not)
Result<std::uint64_t> process_start_time(pid_t pid);
Result<std::string> read_boot_id();

}  // namespace podo::runtime
