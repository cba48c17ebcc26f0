// Processes and namespaces: clone3(2), setns(2), unshare(2), by descriptor. Call them from a process with one
// thread.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "base/core/error.h"
#include "base/io/fd.h"

// Missing from the C library's headers of Debian 12.
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace podo::linux {

struct Clone {
  std::uint64_t flags = 0;  // CLONE_NEW*, CLONE_PARENT...
  int cgroup = -1;          // a v2 directory to be born in (CLONE_INTO_CGROUP), or -1
};
struct Child {
  pid_t pid = 0;  // 0 in the child itself
  io::Fd pidfd;   // of the child, in the parent; close-on-exec
};
// As fork(2): returns in both. The child has a copy of this process's memory; so call it while that is small.
Result<Child> clone_process(const Clone& how);

Result<> join_namespace(int descriptor,
                        std::uint64_t kind);  // setns; kind 0: whatever it is; a pidfd takes several kinds
Result<> unshare(std::uint64_t kinds);
std::string_view name_of_namespace(std::uint64_t kind);  // "net": also the name in /proc/PID/ns

// How a child ended: its exit code, or 128 + the signal. Blocks.
Result<int> wait_for_exit(pid_t pid);

}  // namespace podo::linux
