// What the calling process may change about itself, on its way to another program. One thread: the C
// library's versions of some of these calls would tell other threads, of which there are none. Errors carry
// errno and no more words than the call's name; the caller knows which setting it performs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/core/error.h"

namespace podo::linux {

// Ids: real, effective and saved (credentials(7)).
Result<> set_groups(std::span<const std::uint32_t> groups);
Result<> set_group_id(std::uint32_t id);
Result<> set_user_id(std::uint32_t id);
// Both 0; where a user namespace does not map 0, nothing changes.
Result<> become_namespace_root();

// The superuser of the host, not of a user namespace only.
bool is_host_root();

// Its root, and where it stands: chroot(2).
Result<> set_root(int folder);
// Whether it was in a chroot; it is not any more. false also for who may not ask: no root of its namespace.
Result<bool> leave_chroot();

// Capabilities (capabilities(7)), one bit each.
Result<> limit_bounding_set(std::uint64_t allowed);
Result<> keep_capabilities(bool across_set_user_id);
struct OwnCapabilities {
  std::uint64_t effective = 0, permitted = 0, inheritable = 0;
};
Result<> set_capabilities(const OwnCapabilities& sets);
Result<> set_ambient_capabilities(std::uint64_t set);
Result<> forbid_new_privileges();
// Nobody without CAP_SYS_PTRACE over us may look into this process: its memory, its /proc/PID/exe, its
// descriptors.
Result<> forbid_inspection();

// Scheduling.
struct SchedulerAttributes {  // sched_setattr(2)
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0, deadline_ns = 0, period_ns = 0;
};
Result<> set_scheduler(const SchedulerAttributes& attributes);
Result<> set_io_priority(int value);                                                 // ioprio_set(2)
Result<> set_affinity(const std::vector<bool>& cpus);                                // sched_setaffinity(2)
Result<> set_memory_policy(int mode, const std::vector<std::uint64_t>& node_words);  // set_mempolicy(2)
Result<> set_personality(std::uint32_t persona);                                     // personality(2)

// A session keyring of one's own (keyrings(7)). Who shares the user id may search it, but not change it.
Result<> join_session_keyring(const std::string& name);

// As the kernel sees it from our root, which getcwd(3) hides: Denied when it cannot be reached from there.
Result<std::string> own_directory();

}  // namespace podo::linux
