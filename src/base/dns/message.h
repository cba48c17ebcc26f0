// DNS messages (RFC 1035, 4; RFC 6891 for EDNS): bytes become values and back. Whatever the bytes are,
// parse() answers or fails; it never reads beyond them, and what it answers is bounded by them.
//
//   message  := header question* record* record* record*      answers, authority, additional
//   header   := id:be16 flags:be16 counts:be16{4}
//   question := name type:be16 class:be16
//   record   := name type:be16 class:be16 ttl:be32 size:be16 byte{size}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/core/ip_address.h"
#include "base/dns/name.h"

namespace podo::dns {

enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  hinfo = 13,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  opt = 41,
  incremental_transfer = 251,
  transfer = 252,
  any = 255
};
enum class Code : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  no_such_name = 3,
  not_implemented = 4,
  refused = 5
};
inline constexpr std::uint16_t internet_class = 1;
inline constexpr std::size_t header_bytes = 12, opt_bytes = 11;  // OPT without options
inline constexpr std::size_t udp_bytes_without_edns = 512, udp_bytes_max = 4096, tcp_bytes_max = 65535;

struct Question {
  std::string name;
  Type type = Type::a;
  std::uint16_t record_class = internet_class;
  bool operator==(const Question&) const = default;
};

// `data` as on the wire, but with the names in it uncompressed, so that it may stand in another message.
struct Record {
  std::string name;
  Type type = Type::a;
  std::uint16_t record_class = internet_class;
  std::uint32_t ttl = 0;
  std::string data;
  bool operator==(const Record&) const = default;
};
Record address_record(std::string name, const IpAddress& address, std::uint32_t ttl_s);  // others: records.h
Record pointer_record(std::string name, std::string_view target, std::uint32_t ttl_s);

struct Message {
  std::uint16_t id = 0;
  bool response = false, authoritative = false, truncated = false;
  bool recursion_desired = true, recursion_available = false;
  bool authentic_data = false, checking_disabled = false;
  std::uint8_t opcode = 0;
  Code code = Code::no_error;
  std::vector<Question> questions;
  std::vector<Record> answers, authority, additional;  // without OPT
  std::optional<std::uint16_t> edns_udp_bytes;         // OPT is there; what its sender can take
  bool dnssec_ok = false;                              // this and the next two are parts of OPT
  std::uint8_t edns_version = 0;
  std::uint8_t extended_code = 0;  // the upper bits of a code that does not fit into `code`
  bool operator==(const Message&) const = default;

  std::size_t reply_bytes_max() const;  // over UDP
};

Result<Message> parse(std::string_view bytes);
// With names of records compressed. What does not fit into `bytes_max` is left out, whole records from the
// end on, and the message says that it is truncated, unless only additional ones are missing (RFC 2181, 9).
std::string encode(const Message& message, std::size_t bytes_max = tcp_bytes_max);

// An answer to `query` with nothing in it yet.
Message reply_to(const Message& query, Code code = Code::no_error);
// The same from bytes, for a query that cannot be parsed; "" when there is not even a header.
std::string refusal_of(std::string_view query, Code code);
// An encoded answer that is too long, cut to its header and question and marked as truncated.
std::string truncated(std::string_view answer, std::size_t bytes_max);

}  // namespace podo::dns
