#include "container/network/sandbox_zone.h"

#include <algorithm>

namespace podo::network {
namespace {

constexpr std::uint32_t ttl_s = 5;  // containers come and go

// "db:database": who asks for `database` means `db`.
std::string_view linked(const Endpoint& own, std::string_view name) {
  for (const std::string_view link : own.wish.links) {
    const std::size_t colon = link.find(':');
    if (colon != link.npos && dns::same_name(link.substr(colon + 1), name)) return link.substr(0, colon);
  }
  return name;
}

}  // namespace

// On each of the container's networks; "name.network" is asked of that network only.
std::vector<const Endpoint*> SandboxZone::find(std::string_view name) const {
  std::vector<const Endpoint*> found;
  for (const NameSource::Place& place : source_.places_of(container_id_)) {
    std::vector<const Endpoint*> here = place.names->find(linked(*place.own, name));
    const std::string suffix = "." + place.own->network_name;
    if (here.empty() && name.size() > suffix.size() && dns::is_within(name, place.own->network_name))
      here = place.names->find(linked(*place.own, name.substr(0, name.size() - suffix.size())));
    found.insert(found.end(), here.begin(), here.end());
  }
  return found;
}

std::optional<dns::Message> SandboxZone::know_address(const dns::Query& query) const {
  const dns::Question& question = query.message.questions[0];
  const IpAddress address = IpAddress::from_bytes(dns::address_of_reverse_name(question.name));
  if (!address) return {};
  for (const NameSource::Place& place : source_.places_of(container_id_)) {
    const Endpoint* endpoint = place.names->find_address(address);
    if (endpoint == nullptr) continue;
    dns::Message reply = dns::reply_to(query.message);
    reply.answers.push_back(dns::pointer_record(
        question.name, text("{}.{}", endpoint->wish.container_name, endpoint->network_name), ttl_s));
    return reply;
  }
  return {};
}

std::optional<dns::Message> SandboxZone::know(const dns::Query& query) {
  const dns::Question& question = query.message.questions[0];
  if (question.record_class != dns::internet_class) return {};
  if (question.type == dns::Type::ptr) return know_address(query);
  if (question.type != dns::Type::a && question.type != dns::Type::aaaa) return {};
  const std::vector<const Endpoint*> endpoints = find(question.name);
  if (endpoints.empty()) return {};
  dns::Message reply = dns::reply_to(query.message);
  for (const Endpoint* endpoint : endpoints) {
    const auto address = IpAddress::parse(question.type == dns::Type::a ? endpoint->ipv4 : endpoint->ipv6);
    if (address) reply.answers.push_back(dns::address_record(question.name, *address, ttl_s));
  }
  // Clients take the first one: each has its turn.
  if (reply.answers.size() > 1)
    std::ranges::rotate(reply.answers,
                        reply.answers.begin() + static_cast<std::ptrdiff_t>(turn_++ % reply.answers.size()));
  return reply;
}

io::Task<std::string> SandboxZone::find_out(dns::Query query) {
  const auto places = source_.places_of(container_id_);
  const bool world = std::ranges::any_of(places, [](const auto& place) { return !place.internal; });
  if (!world && !places.empty())
    co_return dns::encode(dns::reply_to(query.message, dns::Code::server_failure));
  co_return co_await exchange_.ask(std::move(query.bytes), source_.upstreams_of(container_id_),
                                   {.timeout = seconds(3), .attempts = 2});
}

}  // namespace podo::network
