// The names of config-linux.md's seccomp section and what they are to libseccomp and the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace podo::runtime {

struct SeccompName {
  std::string_view name;
  std::uint32_t value;
};

// All that are known; `podo oci features` prints them.
std::span<const SeccompName> seccomp_actions();    // SCMP_ACT_*; errno and trace without their data
std::span<const SeccompName> seccomp_operators();  // SCMP_CMP_*
std::span<const SeccompName> seccomp_flags();      // SECCOMP_FILTER_FLAG_*
std::span<const std::string_view> seccomp_architectures();

std::optional<std::uint32_t> find_value(std::span<const SeccompName> names, std::string_view name);
// The token of the linked libseccomp, if that knows it.
std::optional<std::uint32_t> find_architecture(std::string_view name);

std::string libseccomp_version();  // "2.5.4"

}  // namespace podo::runtime
