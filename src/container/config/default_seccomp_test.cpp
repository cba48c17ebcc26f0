#include "container/config/default_seccomp.h"

#include <cerrno>

#include "base/linux/capability.h"
#include "container/config/default_capabilities.h"
#include "container/config/runtime_config_testing.h"
#include "container/seccomp/seccomp.h"

namespace podo::engine {
namespace {

oci::Seccomp seccomp_of(const Container& container) { return *make_config(container).config.linux.seccomp; }

const oci::SeccompRule* rule_of(const oci::Seccomp& profile, std::string_view name,
                                std::string_view action = "SCMP_ACT_ALLOW") {
  for (const oci::SeccompRule& rule : profile.syscalls) {
    if (rule.action == action && std::ranges::find(rule.names, name) != rule.names.end()) return &rule;
  }
  return nullptr;
}

TEST_CASE("the default profile refuses what leads to the host") {
  const oci::Seccomp profile = seccomp_of(test_container());
  CHECK(profile.default_errno_ret == EPERM);
  for (const auto name :
       {"mount",          "umount2",     "unshare",           "setns",           "bpf",
        "keyctl",         "add_key",     "kexec_load",        "reboot",          "init_module",
        "io_uring_setup", "userfaultfd", "open_by_handle_at", "perf_event_open", "swapon",
        "ptrace_x",       "syslog",      "quotactl",          "pivot_root",      "move_pages"}) {
    CHECK_MESSAGE(rule_of(profile, name) == nullptr, name);
  }
  for (const auto name : {"openat", "execve", "chroot", "futex_waitv", "ptrace", "arch_prctl", "mknod"})
    CHECK_MESSAGE(rule_of(profile, name) != nullptr, name);
  CHECK(profile.architectures ==
        std::vector<std::string>{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"});
}

TEST_CASE("clone may not make namespaces, clone3 is not there, sockets are not vsock") {
  const oci::Seccomp profile = seccomp_of(test_container());
  const oci::SeccompRule* clone = rule_of(profile, "clone");
  REQUIRE(clone);
  CHECK(clone->args[0].value == 0x7e020000);
  CHECK(clone->args[0].op == "SCMP_CMP_MASKED_EQ");
  CHECK(rule_of(profile, "clone3") == nullptr);
  REQUIRE(rule_of(profile, "clone3", "SCMP_ACT_ERRNO"));
  CHECK(rule_of(profile, "clone3", "SCMP_ACT_ERRNO")->errno_ret == ENOSYS);
  CHECK(rule_of(profile, "socket")->args[0].value == 40);
  CHECK(rule_of(profile, "personality")->args.size() == 1);
}

TEST_CASE("a capability brings its calls") {
  Container container = test_container();
  container.host_config.cap_add = {"SYS_ADMIN", "SYS_TIME"};
  container.host_config.cap_drop = {"SYS_CHROOT"};
  const oci::Seccomp profile = seccomp_of(container);
  CHECK(rule_of(profile, "mount"));
  CHECK(rule_of(profile, "clone3"));
  CHECK(rule_of(profile, "clone")->args.empty());
  CHECK(rule_of(profile, "clone3", "SCMP_ACT_ERRNO") == nullptr);
  CHECK(rule_of(profile, "clock_settime"));
  CHECK(rule_of(profile, "chroot") == nullptr);
}

TEST_CASE("the default profile compiles for the kernel") {
  SilentLog log;
  const auto filter = runtime::compile_seccomp(seccomp_of(test_container()), log);
  REQUIRE_MESSAGE(filter, filter.error().message());
  CHECK(filter->program.size() > 1000);
}

TEST_CASE("a profile in Docker's format: conditions decide") {
  Container container = test_container();
  container.host_config.security_opt = {R"(seccomp={"defaultAction":"SCMP_ACT_ALLOW","archMap":[
    {"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],"syscalls":[
    {"names":["one"],"action":"SCMP_ACT_ERRNO","errnoRet":5},
    {"name":"two","action":"SCMP_ACT_ERRNO","includes":{"caps":["CAP_SYS_ADMIN"]}},
    {"names":["three"],"action":"SCMP_ACT_ERRNO","excludes":{"caps":["CAP_SYS_ADMIN"]}},
    {"names":["four"],"action":"SCMP_ACT_ERRNO","includes":{"arches":["arm64"]}},
    {"names":["five"],"action":"SCMP_ACT_ERRNO","includes":{"minKernel":"99.0"}},
    {"names":["six"],"action":"SCMP_ACT_ERRNO","includes":{"minKernel":"4.8","arches":["amd64"]}}]})"};
  const oci::Seccomp profile = seccomp_of(container);
  std::vector<std::string> names;
  for (const auto& rule : profile.syscalls) names.push_back(rule.names[0]);
  CHECK(names == std::vector<std::string>{"one", "three", "six"});
  CHECK(profile.syscalls[0].errno_ret == 5);
  CHECK(profile.architectures == std::vector<std::string>{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"});
}

TEST_CASE("a damaged profile is told, unconfined is none") {
  Container container = test_container();
  container.host_config.security_opt = {"seccomp={"};
  const auto made = make_runtime_config(container, test_machine(), test_sandbox(), {}, {}, {});
  CHECK(problem_of(made).starts_with("Decoding seccomp profile failed: "));
  container.host_config.security_opt = {"seccomp=unconfined"};
  CHECK_FALSE(make_config(container).config.linux.seccomp);
}

}  // namespace
}  // namespace podo::engine
