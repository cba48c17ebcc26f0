// Another program as a child process. The child shares our memory until its execve (vfork), so that the call
// costs the same from a small and from a big process. It gets exactly the arguments and the environment
// given, default signal dispositions, no blocked signals, and of our descriptors the three given and those
// that are not close-on-exec.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/linux/clone.h"

namespace podo::linux {

struct Program {
  std::string path;               // as for execve(2): nothing is searched
  std::vector<std::string> args;  // [0] included; empty: the path
  std::vector<std::string> env;   // "NAME=value"
  std::string directory;          // to start in; empty: ours
  int in = 0, out = 1, err = 2;   // ours that become its 0, 1, 2; each its own place or above 2
  bool own_group = false;         // leads a process group, so that kill(-pid) reaches its children too
};
Result<Child> spawn(const Program& program);  // its chdir's or execve's errno when those fail

struct Ending {
  int exit_code = 0;  // when signal is 0
  int signal = 0;
  bool succeeded() const { return exit_code == 0 && signal == 0; }
};
std::string describe(const Ending& ending);  // "exit status 3", "signal SIGKILL"
Result<Ending> reap(const Child& child);     // blocks until it ended

}  // namespace podo::linux
