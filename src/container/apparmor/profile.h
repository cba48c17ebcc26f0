// The profile that containers have on a host with AppArmor unless another one is asked for, as
// apparmor_parser(8) reads it. What it keeps from them is kept by other means, too (capabilities, read-only
// and masked paths, seccomp); it holds where one of these was given away: with --cap-add SYS_ADMIN, with
// /proc unmasked. It includes no file, so that it is the same on every distribution.
//
// Without an `abi` rule it is compiled for what the distribution has chosen for its kernels
// (policy-features of /etc/apparmor/parser.conf), and classes of newer ones are left alone. Pure.
#pragma once

#include <string>
#include <string_view>

namespace podo::apparmor {

inline constexpr std::string_view default_name = "podo-default";

// `daemon_label`: what confines the daemon itself, "unconfined" as a rule; it may end and look at containers.
std::string default_profile(std::string_view daemon_label);

}  // namespace podo::apparmor
