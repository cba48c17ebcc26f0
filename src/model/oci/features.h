// What `podo oci features` prints: the Features structure of the runtime-spec (features.md and
// features-linux.md, 1.3). Values only: the lists come from the tables that the planner and the seccomp
// compiler work with.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace podo::oci {

using Names = std::span<const std::string_view>;

struct Features {
  Names mount_options, namespaces, capabilities;
  Names memory_policy_modes, memory_policy_flags;
  Names seccomp_actions, seccomp_operators, seccomp_architectures, seccomp_known_flags,
      seccomp_supported_flags;
  std::string_view libseccomp_version;  // "2.5.4"
  std::string_view version;             // this program's
};

std::string features_json(const Features& features);  // indented, with a newline at its end

}  // namespace podo::oci
