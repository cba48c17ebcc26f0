// For unit tests: profiles, and a machine that runs compiled programs without asking the kernel.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "container/seccomp/seccomp.h"

namespace podo::runtime::testing {

inline constexpr std::uint32_t kill_thread = SECCOMP_RET_KILL_THREAD, allow = SECCOMP_RET_ALLOW;
inline constexpr std::uint32_t with_errno(std::uint32_t number) { return SECCOMP_RET_ERRNO | number; }

using Arguments = std::array<std::uint64_t, 6>;

// What the program answers to one call; ENSUREs nothing, so a program that leaves its bounds fails the test.
inline std::uint32_t judge(const std::string& program, std::uint32_t architecture, int number,
                           const Arguments& arguments = {}) {
  seccomp_data data{number, architecture, 0, {}};
  std::ranges::copy(arguments, data.args);
  std::vector<sock_filter> code(program.size() / sizeof(sock_filter));
  std::memcpy(code.data(), program.data(), code.size() * sizeof(sock_filter));
  std::uint32_t a = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const sock_filter& now = code[at];
    const auto jump = [&](bool yes) { at += yes ? now.jt : now.jf; };
    switch (now.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + now.k, sizeof a);
        break;
      case BPF_ALU | BPF_AND | BPF_K: a &= now.k; break;
      case BPF_JMP | BPF_JA: at += now.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: jump(a == now.k); break;
      case BPF_JMP | BPF_JGT | BPF_K: jump(a > now.k); break;
      case BPF_JMP | BPF_JGE | BPF_K: jump(a >= now.k); break;
      case BPF_JMP | BPF_JSET | BPF_K: jump((a & now.k) != 0); break;
      case BPF_RET | BPF_K: return now.k;
      default: FAIL("instruction ", now.code, " is not known here");
    }
  }
  FAIL("the program has no end");
  return 0;
}

inline int call(std::string_view name, std::uint32_t architecture = ::seccomp_arch_native()) {
  return ::seccomp_syscall_resolve_name_arch(architecture, std::string(name).c_str());
}

inline std::string name_of_call(std::uint32_t architecture, int number) {
  char* name = ::seccomp_syscall_resolve_num_arch(architecture, number);
  std::string copy = name == nullptr ? "" : name;
  std::free(name);
  return copy;
}

class KeepingLog final : public Log {
 public:
  void write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

inline SeccompFilter compiled(const oci::Seccomp& profile) {
  SilentLog log;
  auto filter = compile_seccomp(profile, log);
  REQUIRE_MESSAGE(filter.has_value(), (filter ? "" : filter.error().message()));
  return *std::move(filter);
}

inline std::string problem_of(const oci::Seccomp& profile) {
  SilentLog log;
  const auto filter = compile_seccomp(profile, log);
  return filter ? "no problem" : filter.error().message();
}

inline oci::SeccompRule rule(std::vector<std::string> names, std::string action,
                             std::vector<oci::SeccompArgument> args = {}) {
  oci::SeccompRule made;
  made.names = std::move(names);
  made.action = std::move(action);
  made.args = std::move(args);
  return made;
}

inline oci::Seccomp profile(std::string default_action, std::vector<oci::SeccompRule> rules = {}) {
  oci::Seccomp made;
  made.default_action = std::move(default_action);
  made.syscalls = std::move(rules);
  return made;
}

inline bool is_dangerous(std::string_view name) {
  constexpr std::string_view names[] = {
      "acct", "add_key", "bpf", "clock_settime", "create_module", "delete_module", "finit_module",
      "fsopen", "fsmount", "init_module", "ioperm", "iopl", "kexec_file_load", "kexec_load", "keyctl",
      "lookup_dcookie", "mount", "move_mount", "nfsservctl", "open_by_handle_at", "open_tree",
      "perf_event_open", "pivot_root", "quotactl", "reboot", "request_key", "setns", "settimeofday",
      "swapoff", "swapon", "sysfs", "umount", "umount2", "unshare", "uselib", "userfaultfd", "vm86",
      "vm86old", "clone", "clone3", "personality"};
  return std::ranges::find(names, name) != std::end(names);
}

// In the manner of the engines' default profiles: one long list of calls that are fine, a few with tests.
inline oci::Seccomp engine_profile() {
  oci::Seccomp made = profile("SCMP_ACT_ERRNO");
  made.default_errno_ret = EPERM;
  made.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  if (::seccomp_arch_native() != SCMP_ARCH_X86_64)
    made.architectures = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
  std::vector<std::string> fine = {"a_call_of_the_future"};
  for (int number = 0; number < 512; ++number) {
    const std::string name = name_of_call(::seccomp_arch_native(), number);
    if (!name.empty() && !is_dangerous(name)) fine.push_back(name);
  }
  made.syscalls.push_back(rule(std::move(fine), "SCMP_ACT_ALLOW"));
  for (const std::uint64_t persona : {0x0ull, 0x8ull, 0x20000ull, 0x20008ull, 0xffffffffull}) {
    made.syscalls.push_back(rule({"personality"}, "SCMP_ACT_ALLOW", {{0, persona, 0, "SCMP_CMP_EQ"}}));
  }
  made.syscalls.push_back(rule({"clone"}, "SCMP_ACT_ALLOW", {{0, 0x7E020000, 0, "SCMP_CMP_MASKED_EQ"}}));
  made.syscalls.push_back(rule({"clone3"}, "SCMP_ACT_ERRNO"));
  made.syscalls.back().errno_ret = ENOSYS;
  return made;
}

}  // namespace podo::runtime::testing
