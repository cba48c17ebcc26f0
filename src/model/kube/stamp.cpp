#include "model/kube/stamp.h"

#include "model/schema/instant.h"

namespace podo::kube {

std::string make_uid(Random& random) {
  unsigned char bytes[16];
  random.fill(std::as_writable_bytes(std::span(bytes)));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += "0123456789abcdef"[bytes[i] >> 4];
    out += "0123456789abcdef"[bytes[i] & 15];
  }
  return out;
}

std::string time_text(Wall at) {
  std::int64_t whole = at.ns / 1'000'000'000;
  if (at.ns < 0 && at.ns % 1'000'000'000 != 0) --whole;
  return schema::text_of({.seconds = whole}, schema::Precision::seconds);
}

}  // namespace podo::kube
