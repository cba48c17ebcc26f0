// How networks, endpoints and published ports are kept in the store: one JSON object each. A field that has
// its default is left out; one that is not known is ignored, so an older daemon reads a newer one's store.
#pragma once

#include "container/network/networks.h"

namespace podo::network {

std::string encode(const NetworkRecord& record);
std::string encode(const Endpoint& endpoint);
std::string encode(const std::vector<PublishedPort>& ports);
Result<NetworkRecord> decode_network(std::string_view json);
Result<Endpoint> decode_endpoint(std::string_view json);
Result<std::vector<PublishedPort>> decode_ports(std::string_view json);

}  // namespace podo::network
