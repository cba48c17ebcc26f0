// Seccomp: a profile of config.json (config-linux.md, "Seccomp") becomes a BPF program, and the program
// a filter of the calling process.
//
// Life:  SeccompCache::compile() or compile_seccomp() in the runtime -> load_seccomp() in the
//        container's process -> (with SCMP_ACT_NOTIFY) send_listener() by whoever still sees the host's
//        files.
//
// Names of system calls that libseccomp does not know are passed over: profiles name calls of newer
// kernels. Where the default action is an errno, calls that are newer than libseccomp give ENOSYS
// instead, because programs take that for "not there yet" and fall back, and EPERM for a failure.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/core/log.h"
#include "base/io/fd.h"
#include "model/oci/spec.h"

namespace podo::runtime {

struct SeccompFilter {
  std::string program;           // an array of struct sock_filter
  std::uint32_t flags = 0;       // SECCOMP_FILTER_FLAG_*
  bool wants_listener = false;   // a rule notifies: loading gives a descriptor
  bool operator==(const SeccompFilter&) const = default;
};

// Invalid names the member: "syscalls[2].action: ...". Takes tens of milliseconds for an engine's default
// profile.
Result<SeccompFilter> compile_seccomp(const oci::Seccomp& profile, Log& log);

// For the calling process, from now on. Allocates nothing. The listener, or an empty Fd.
Result<io::Fd> load_seccomp(const SeccompFilter& filter);

// The "container process state" of config-linux.md as JSON; `state_json` is the state of runtime.md.
std::string listener_state_json(std::string_view metadata, pid_t pid, std::string_view state_json,
                                std::string_view oci_version);
Result<> send_listener(const std::string& listener_path, const io::Fd& listener,
                       std::string_view container_process_state);

}  // namespace podo::runtime
