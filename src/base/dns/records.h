// Records made from what they mean, and read again. A name that is none becomes the root.
#pragma once

#include "base/dns/message.h"

namespace podo::dns {

struct ServicePlace {  // RFC 2782: lower priorities first; among equals by weight
  std::uint16_t priority = 0, weight = 100, port = 0;
  std::string target;
};
struct Authority {  // SOA, RFC 1035, 3.3.13; the times are seconds
  std::string server = {}, mailbox = {};
  std::uint32_t serial = 0, refresh = 7200, retry = 1800, expire = 86400, minimum = 5;
};

Record service_record(std::string name, const ServicePlace& place, std::uint32_t ttl_s);
Record alias_record(std::string name, std::string_view target, std::uint32_t ttl_s);   // CNAME
Record server_record(std::string name, std::string_view target, std::uint32_t ttl_s);  // NS
Record text_record(std::string name, std::string_view words, std::uint32_t ttl_s);     // at most 255 bytes
Record authority_record(std::string zone, const Authority& authority, std::uint32_t ttl_s);
// What is said to a question for everything (RFC 8482, 4.2).
Record minimal_record(std::string name, std::uint32_t ttl_s);

// The one name that the data of a CNAME, NS or PTR is; also that of an SRV, behind its numbers.
Result<std::string> target_of(const Record& record);

// No such name, or no such data of it.
bool is_negative(const Message& answer);
// How long an answer may be remembered, in seconds: the least of its records' times; of a negative one what
// its SOA says (RFC 2308, 5). None: without records, or without an SOA, it is not said.
std::optional<std::uint32_t> time_to_live(const Message& answer);

}  // namespace podo::dns
