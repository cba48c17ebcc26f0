// Byte ranges (RFC 9110 14): what of a representation the Range and If-Range fields of a request ask for.
//
//   const RangeChoice choice = choose_range(exchange.headers(), size, etag);
//   if (choice.kind == RangeChoice::Kind::unsatisfiable) ... 416, Content-Range: bytes */SIZE
//   if (choice.kind == RangeChoice::Kind::part) ... 206, Content-Range: choice.content_range(size)
//
// Several ranges, other units and what breaks the grammar are answered with the whole, which 14.2 allows.
#pragma once

#include "base/http/message.h"

namespace podo::http {

struct RangeChoice {
  enum class Kind : std::uint8_t { whole, part, unsatisfiable } kind = Kind::whole;
  std::uint64_t offset = 0, count = 0;  // of `part` and `whole`

  std::string content_range(std::uint64_t size) const;  // "bytes 0-9/100", "bytes */100"
};

// `etag`: of the representation, with its quotes; an If-Range of another one asks for the whole.
RangeChoice choose_range(const Headers& headers, std::uint64_t size, std::string_view etag);

// An If-None-Match field that names `etag`, or "*": the asker has it already (RFC 9110 13.1.2).
bool has_already(const Headers& headers, std::string_view etag);

}  // namespace podo::http
