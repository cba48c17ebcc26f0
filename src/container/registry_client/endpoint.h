// Which servers speak for a domain, and how they are reached. Pure.
#pragma once

#include "container/registry_client/registry.h"

namespace podo::image {

struct Endpoint {
  std::string base;       // "https://registry-1.docker.io", a mirror's may have a path; no '/' at the end
  bool insecure = false;  // certificates are not looked at
  bool mirror = false;    // gets no credentials
  bool settled = true;    // false: whether it is https or http is found out by asking
};

// The domain's mirrors in their order, then its registry.
std::vector<Endpoint> endpoints_of(const RegistryRules& rules, std::string_view domain);
bool is_insecure(const RegistryRules& rules, std::string_view domain);

}  // namespace podo::image
