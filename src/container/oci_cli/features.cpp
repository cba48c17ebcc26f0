#include "model/oci/features.h"

#include <seccomp.h>

#include "base/core/version.h"
#include "base/linux/capability.h"
#include "container/oci_cli/verbs.h"
#include "container/runtime/plan.h"

namespace podo::oci_cli {
namespace {

constexpr std::string_view seccomp_actions[] = {
    "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_LOG",   "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"};
constexpr std::string_view seccomp_operators[] = {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE",
                                                  "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE"};
constexpr std::string_view seccomp_architectures[] = {
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",         "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",  "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",  "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",   "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_S390",    "SCMP_ARCH_S390X",       "SCMP_ARCH_X32",  "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64"};
constexpr std::string_view seccomp_flags[] = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
                                              "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

Result<int> perform(const Call&) {
  const scmp_version* library = ::seccomp_version();
  const std::string library_version = text("{}.{}.{}", library->major, library->minor, library->micro);
  const std::vector<std::string_view> mount_options = runtime::known_mount_options();
  oci::Features features;
  features.mount_options = mount_options;
  features.namespaces = runtime::known_namespaces();
  features.capabilities = linux::capability_names();
  features.memory_policy_modes = runtime::known_memory_policy_modes();
  features.memory_policy_flags = runtime::known_memory_policy_flags();
  features.seccomp_actions = seccomp_actions;
  features.seccomp_operators = seccomp_operators;
  features.seccomp_architectures = seccomp_architectures;
  features.seccomp_known_flags = features.seccomp_supported_flags = seccomp_flags;
  features.libseccomp_version = library_version;
  features.version = version();
  TRY(print(oci::features_json(features)));
  return 0;
}

}  // namespace

constinit const Verb features_verb = {
    .name = "features",
    .arguments = "",
    .summary = "print what this runtime can do, as JSON",
    .description = "",
    .flags = {},
    .arguments_min = 0,
    .arguments_max = 0,
    .perform = perform,
};

}  // namespace podo::oci_cli
