// A query seen where it lies, for the way that costs least: no values are made. Nearly all queries look like
// this; of the others nothing is said, and parse() decides.
//
//   query    := header question [ opt ]        no other records; a question without pointers
//   question := name type:be16 class:be16
#pragma once

#include <array>

#include "base/dns/message.h"

namespace podo::dns {

struct QueryView {
  std::string_view bytes;
  std::size_t question_bytes = 0;
  Type type = Type::a;
  bool edns = false, dnssec_ok = false;
  std::size_t reply_bytes_max = udp_bytes_without_edns;  // over UDP

  static std::optional<QueryView> of(std::string_view bytes);
  std::string_view question() const { return bytes.substr(header_bytes, question_bytes); }
  bool checking_disabled() const { return (static_cast<unsigned char>(bytes[3]) & 0x10) != 0; }
  bool authentic_data() const { return (static_cast<unsigned char>(bytes[3]) & 0x20) != 0; }
};

// What an answer depends on: the question, its name in lower case, and what the client does about DNSSEC.
class AnswerKey {
 public:
  explicit AnswerKey(const QueryView& query);
  static std::optional<AnswerKey> of(const Message& query);  // none: its name is none
  std::string_view bytes() const { return {bytes_.data(), size_}; }

 private:
  AnswerKey() = default;
  void fill(std::string_view question, bool dnssec_ok, bool checking_disabled);
  std::array<char, name_bytes_max + 5> bytes_;
  std::size_t size_ = 0;
};

}  // namespace podo::dns
