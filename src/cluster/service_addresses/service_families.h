// Which IP families a Service has: ipFamilyPolicy and ipFamilies are filled in from what is there
// (clusterIPs, the families of the cluster's ranges), refused where they cannot be had, and cut where a
// Service goes back to one family. Addresses come after this. Pure.
#pragma once

#include <span>

#include "model/kube/field_errors.h"

namespace podo::apiserver {

inline constexpr std::string_view ipv4_family = "IPv4", ipv6_family = "IPv6";
std::string_view family_of(std::string_view address);

// `service`: not an external name. `configured`: the cluster's families, its own first. `old`: null, or how
// it was.
void choose_families(json::Item& service, const json::Item* old, std::span<const std::string_view> configured,
                     kube::Errors& errors);

}  // namespace podo::apiserver
