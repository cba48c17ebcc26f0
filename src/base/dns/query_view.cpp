#include "base/dns/query_view.h"

#include <algorithm>

namespace podo::dns {
namespace {

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }
unsigned number_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

// Behind a name without pointers; 0: there is none.
std::size_t end_of_name(std::string_view bytes, std::size_t at) {
  const std::size_t begin = at;
  while (at < bytes.size()) {
    const unsigned length = byte_at(bytes, at++);
    if (length == 0) return at - begin <= name_bytes_max ? at : 0;
    if (length > label_bytes_max) return 0;
    at += length;
  }
  return 0;
}

}  // namespace

std::optional<QueryView> QueryView::of(std::string_view bytes) {
  constexpr unsigned response_opcode_truncated = 0xfa00;
  if (bytes.size() < header_bytes || (number_at(bytes, 2) & response_opcode_truncated) != 0) return {};
  const unsigned additional = number_at(bytes, 10);
  if (number_at(bytes, 4) != 1 || number_at(bytes, 6) != 0 || number_at(bytes, 8) != 0 || additional > 1)
    return {};
  const std::size_t type_at = end_of_name(bytes, header_bytes);
  if (type_at == 0 || type_at + 4 > bytes.size()) return {};
  QueryView view{.bytes = bytes,
                 .question_bytes = type_at + 4 - header_bytes,
                 .type = Type{static_cast<std::uint16_t>(number_at(bytes, type_at))}};
  if (additional == 0) return view;
  // opt := 0 41:be16 udp_bytes:be16 extended_code:u8 version:u8 flags:be16 size:be16 options
  const std::size_t opt = type_at + 4;
  if (opt + opt_bytes > bytes.size() || byte_at(bytes, opt) != 0 ||
      number_at(bytes, opt + 1) != static_cast<unsigned>(Type::opt) || byte_at(bytes, opt + 6) != 0 ||
      opt + opt_bytes + number_at(bytes, opt + 9) > bytes.size())
    return {};
  view.edns = true;
  view.dnssec_ok = (byte_at(bytes, opt + 7) & 0x80) != 0;
  view.reply_bytes_max =
      std::clamp<std::size_t>(number_at(bytes, opt + 3), udp_bytes_without_edns, udp_bytes_max);
  return view;
}

AnswerKey::AnswerKey(const QueryView& query) {
  fill(query.question(), query.dnssec_ok, query.checking_disabled());
}

std::optional<AnswerKey> AnswerKey::of(const Message& query) {
  const Question& asked = query.questions[0];
  const auto name = encode_name(asked.name);
  if (!name) return {};
  std::string question = *name;
  for (const unsigned number : {static_cast<unsigned>(asked.type), unsigned{asked.record_class}})
    question += {static_cast<char>(number >> 8), static_cast<char>(number)};
  AnswerKey key;
  key.fill(question, query.dnssec_ok, query.checking_disabled);
  return key;
}

// Lengths of labels are below 'A'; type and class, the last four bytes, are no letters.
void AnswerKey::fill(std::string_view question, bool dnssec_ok, bool checking_disabled) {
  const std::size_t name_bytes = question.size() - 4;
  for (std::size_t i = 0; i < name_bytes; ++i) {
    const char c = question[i];
    bytes_[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  std::copy_n(question.data() + name_bytes, 4, bytes_.data() + name_bytes);
  bytes_[question.size()] = static_cast<char>((dnssec_ok ? 1 : 0) | (checking_disabled ? 2 : 0));
  size_ = question.size() + 1;
}

}  // namespace podo::dns
