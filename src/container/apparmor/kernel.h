// What the kernel and this machine have of AppArmor. Reads only; blocking, a few small files each. A Places
// whose paths lead elsewhere is a test's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::apparmor {

struct Places {
  std::string enabled = "/sys/module/apparmor/parameters/enabled";
  std::string kernel = "/sys/kernel/security/apparmor";  // securityfs: profiles, policy/profiles/NAME.N/
  std::vector<std::string> own_labels = {"/proc/self/attr/apparmor/current", "/proc/self/attr/current"};
  std::vector<std::string> parsers = {"/sbin/apparmor_parser", "/usr/sbin/apparmor_parser"};
  std::string administrators = "/etc/apparmor.d/podo-default";  // the administrator's words for the default
};

bool is_enabled(const Places& places);

// profiles := ( NAME " (" MODE ")" newline )*          what is loaded, as the kernel lists it
bool lists_profile(std::string_view profiles, std::string_view name);
Result<bool> is_loaded(const Places& places, std::string_view name);

// The kernel's digest of a profile it has, sha1 before Linux 6.8 and sha256 since; "" where it keeps none.
std::string digest_of_loaded(const Places& places, std::string_view name);

// "unconfined", "/usr/bin/podo": without the mode that stands behind it.
std::string own_label(const Places& places);

std::string find_parser(const Places& places);  // "" when there is none

}  // namespace podo::apparmor
