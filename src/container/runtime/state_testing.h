// For tests: a root for states, and containers that are nothing but a process.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/linux/clone.h"
#include "container/runtime/state.h"

namespace podo::runtime {

// A root for one test; what is left in it at the end goes too.
struct Root {
  std::string path;
  explicit Root(std::string_view below = "") {
    char made[] = "/tmp/podo-state-XXXXXX";
    REQUIRE(::mkdtemp(made) != nullptr);
    top_ = made;
    path = top_ + std::string(below);
  }
  ~Root() { (void)!::system(("rm -rf " + top_).c_str()); }

 private:
  std::string top_;
};

// The state of a container "web" whose first process is `pid`.
inline ContainerState state_of(pid_t pid) {
  ContainerState state;
  state.id = "web";
  state.bundle = "/bundle";
  state.pid = pid;
  state.pid_start_time = *process_start_time(state.pid);
  state.boot_id = *read_boot_id();
  return state;
}

// A process that waits for signals, and is gone at the end.
struct Sleeper {
  linux::Child child;
  explicit Sleeper(std::uint64_t namespaces = 0) : child(*linux::clone_process({.flags = namespaces})) {
    while (child.pid == 0) ::pause();
  }
  ~Sleeper() {
    (void)::kill(child.pid, SIGKILL);
    (void)linux::wait_for_exit(child.pid);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
};

}  // namespace podo::runtime
