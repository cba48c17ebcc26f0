#include "base/dns/records.h"

#include <algorithm>

namespace podo::dns {
namespace {

constexpr std::size_t character_string_max = 255;

void append16(std::string& out, unsigned value) {
  out += {static_cast<char>(value >> 8), static_cast<char>(value)};
}
void append32(std::string& out, std::uint32_t value) {
  append16(out, value >> 16);
  append16(out, value & 0xffff);
}

std::string wire_of(std::string_view name) {
  auto wire = encode_name(name);
  return wire ? *std::move(wire) : std::string(1, '\0');
}

std::string character_string(std::string_view words) {
  words = words.substr(0, character_string_max);
  return std::string(1, static_cast<char>(words.size())).append(words);
}

// The last field of an SOA's data.
std::optional<std::uint32_t> minimum_of(const Record& authority) {
  if (authority.data.size() < 4) return {};
  std::uint32_t minimum = 0;
  for (const char byte : authority.data.substr(authority.data.size() - 4))
    minimum = minimum << 8 | static_cast<std::uint8_t>(byte);
  return minimum;
}

}  // namespace

Record service_record(std::string name, const ServicePlace& place, std::uint32_t ttl_s) {
  Record record{.name = std::move(name), .type = Type::srv, .ttl = ttl_s, .data = {}};
  for (const unsigned number : {place.priority, place.weight, place.port}) append16(record.data, number);
  record.data += wire_of(place.target);
  return record;
}

Record alias_record(std::string name, std::string_view target, std::uint32_t ttl_s) {
  return {.name = std::move(name), .type = Type::cname, .ttl = ttl_s, .data = wire_of(target)};
}

Record server_record(std::string name, std::string_view target, std::uint32_t ttl_s) {
  return {.name = std::move(name), .type = Type::ns, .ttl = ttl_s, .data = wire_of(target)};
}

Record text_record(std::string name, std::string_view words, std::uint32_t ttl_s) {
  return {.name = std::move(name), .type = Type::txt, .ttl = ttl_s, .data = character_string(words)};
}

Record authority_record(std::string zone, const Authority& authority, std::uint32_t ttl_s) {
  Record record{.name = std::move(zone), .type = Type::soa, .ttl = ttl_s, .data = {}};
  record.data = wire_of(authority.server) + wire_of(authority.mailbox);
  for (const std::uint32_t number :
       {authority.serial, authority.refresh, authority.retry, authority.expire, authority.minimum})
    append32(record.data, number);
  return record;
}

Record minimal_record(std::string name, std::uint32_t ttl_s) {
  return {.name = std::move(name),
          .type = Type::hinfo,
          .ttl = ttl_s,
          .data = character_string("RFC8482") + character_string("")};
}

Result<std::string> target_of(const Record& record) {
  std::size_t at = record.type == Type::srv ? 6 : 0;
  return decode_name(record.data, at);
}

// A chain of CNAMEs that ends in nothing is negative, too.
bool is_negative(const Message& answer) {
  if (answer.code == Code::no_such_name) return true;
  if (answer.code != Code::no_error || answer.questions.empty()) return false;
  const Type asked = answer.questions[0].type;
  return std::ranges::none_of(answer.answers,
                              [&](const Record& r) { return r.type == asked || asked == Type::any; });
}

std::optional<std::uint32_t> time_to_live(const Message& answer) {
  std::optional<std::uint32_t> least;
  const auto take = [&](std::uint32_t ttl_s) {
    if (ttl_s > INT32_MAX) ttl_s = 0;  // RFC 2181, 8
    least = std::min(least.value_or(ttl_s), ttl_s);
  };
  for (const auto* section : {&answer.answers, &answer.authority, &answer.additional})
    for (const Record& record : *section) take(record.ttl);
  if (!is_negative(answer)) return answer.answers.empty() ? std::nullopt : least;
  bool told = false;
  for (const Record& record : answer.authority) {
    if (record.type != Type::soa) continue;
    if (const auto minimum = minimum_of(record)) take(*minimum);
    told = true;
  }
  return told ? least : std::nullopt;
}

}  // namespace podo::dns
