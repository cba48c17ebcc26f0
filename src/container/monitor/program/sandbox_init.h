// The same file as the first process of a sandbox whose containers share their processes: executed as
// "sandbox-init", it reaps what is left to it, and does nothing else until it is killed; the PID namespace
// ends with it.
//
//   sandbox-init ROOT [NAMESPACE]... -- [TASKS]...
//
// It joins the namespaces and control groups (files that "0" is written to) named, then gives up everything:
// its root is an empty file system over the folder ROOT, its user is nobody of that number, it has no
// capabilities, no descriptors. So what a container that may trace processes can take from it is nothing.
// "ready" and a newline on descriptor 1 say that this is done; else it says there why not, and ends. When
// nobody listens there any more it ends as well.
#pragma once

namespace podo::monitor {

bool is_sandbox_init(const char* own_name);
[[noreturn]] void run_sandbox_init(char** arguments);

}  // namespace podo::monitor
