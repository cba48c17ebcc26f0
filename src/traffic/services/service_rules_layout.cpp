#include "traffic/services/service_rules_layout.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace podo::services {
namespace {

constexpr const char* set_words[] = {"inside", "outside", "backend", "source", "here", "elsewhere", "stays"};

std::uint64_t number_in(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::uint16_t port_at(std::string_view key, std::size_t at) {
  std::uint16_t port = 0;
  std::memcpy(&port, key.data() + at, sizeof port);
  return ntohs(port);
}

}  // namespace

std::string text_of(const SetName& set) {
  return text("{}{}{}", set.node_port ? "node_" : "", set_words[static_cast<std::size_t>(set.kind)],
              set.v6 ? 6 : 4);
}

std::string front_key(const FrontKey& front) {
  const bool node_port = front.address.is_unspecified();
  return std::string(node_port ? std::string_view() : front.address.bytes()) +
         linux::nft_protocol_key(front.protocol) + linux::nft_port_key(front.port);
}

std::size_t front_key_bytes(bool v6, bool node_port) { return (node_port ? 0 : v6 ? 16 : 4) + 8; }

std::string endpoint_key(const Backend& backend) {
  return std::string(backend.address.bytes()) + linux::nft_port_key(backend.port);
}

std::optional<FrontKey> front_of(std::string_view key, bool v6, bool node_port) {
  const std::size_t bytes = front_key_bytes(v6, node_port);
  if (key.size() < bytes) return {};
  const std::string any(v6 ? 16 : 4, '\0');
  return FrontKey{IpAddress::from_bytes(node_port ? any : key.substr(0, bytes - 8)),
                  static_cast<std::uint8_t>(key[bytes - 8]), port_at(key, bytes - 4)};
}

std::optional<Backend> endpoint_of(std::string_view key, bool v6) {
  const std::size_t bytes = v6 ? 16 : 4;
  if (key.size() < bytes + 4) return {};
  return Backend{.address = IpAddress::from_bytes(key.substr(0, bytes)), .port = port_at(key, bytes)};
}

std::size_t stays_key_bytes(bool v6) { return v6 ? 56 : 20; }

std::string chain_of(const Way& way) {
  return text("choose{}_{}{}{}{}", way.v6 ? 6 : 4, way.count, way.node_port ? "_node" : "",
              way.outside ? "_outside" : "", way.sourced ? "_sourced" : "");
}

std::string chain_of(const Way& way, const FrontKey& front, std::int64_t affinity_s) {
  std::string address = front.address.to_text();
  std::ranges::replace(address, ':', '-');  // which nft(8) allows in no name
  return text("stay{}_{}_{}_{}{}{}_{}", way.v6 ? 6 : 4, address, front.protocol, front.port,
              way.outside ? "_outside" : "", way.sourced ? "_sourced" : "", affinity_s);
}

std::optional<WaySeen> way_of(std::string_view chain) {
  const bool stays = chain.starts_with("stay");
  if (!stays && !chain.starts_with("choose")) return {};
  WaySeen seen{.outside = chain.contains("_outside"), .sourced = chain.contains("_sourced")};
  if (stays) seen.affinity_s = static_cast<std::int64_t>(number_in(chain.substr(chain.rfind('_') + 1)));
  return seen;
}

}  // namespace podo::services
