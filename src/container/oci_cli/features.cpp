#include "model/oci/features.h"

#include "base/core/version.h"
#include "base/linux/capability.h"
#include "container/oci_cli/verbs.h"
#include "container/plan/plan.h"
#include "container/seccomp/seccomp_names.h"

namespace podo::oci_cli {
namespace {

std::vector<std::string_view> names_of(std::span<const runtime::SeccompName> table) {
  std::vector<std::string_view> names;
  for (const auto& each : table) names.push_back(each.name);
  return names;
}

Result<int> perform_features(const Call&) {
  const std::string library_version = runtime::libseccomp_version();
  const auto mount_options = runtime::known_mount_options();
  const auto actions = names_of(runtime::seccomp_actions()),
             operators = names_of(runtime::seccomp_operators());
  const auto flags = names_of(runtime::seccomp_flags());
  oci::Features features;
  features.mount_options = mount_options;
  features.namespaces = runtime::known_namespaces();
  features.capabilities = linux::capability_names();
  features.memory_policy_modes = runtime::known_memory_policy_modes();
  features.memory_policy_flags = runtime::known_memory_policy_flags();
  features.seccomp_actions = actions;
  features.seccomp_operators = operators;
  features.seccomp_architectures = runtime::seccomp_architectures();
  features.seccomp_known_flags = features.seccomp_supported_flags = flags;
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
    .perform = perform_features,
};

}  // namespace podo::oci_cli
