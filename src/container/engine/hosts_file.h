// The text of a container's /etc/hosts. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::engine {

struct HostsEntry {
  std::string address;
  std::vector<std::string> names;  // each is written once
};

// What every container has (localhost, and IPv6's names), then the entries in their order.
std::string make_hosts(std::span<const HostsEntry> entries);

// "name:address", "name=address", "name:[v6]"; host-gateway stands for the given address.
Result<HostsEntry> parse_extra_host(std::string_view words, std::string_view host_gateway);

// "web:db" -> web, db; "web" -> web, web; "/web:/own/db" (as Docker stores it) -> web, db.
struct Link {
  std::string container, alias;
};
Link parse_link(std::string_view words);

}  // namespace podo::engine
