#include "base/dns/message.h"

#include <algorithm>
#include <map>

namespace podo::dns {
namespace {

// Flags of the header.
constexpr unsigned response_bit = 0x8000, authoritative_bit = 0x0400, truncated_bit = 0x0200,
                   desired_bit = 0x0100, available_bit = 0x0080, authentic_bit = 0x0020,
                   checking_bit = 0x0010;

// --- reading ----------------------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  Result<std::uint16_t> number16() {
    const std::string_view taken = TRY(take(2));
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(taken[0]) << 8 |
                                      static_cast<std::uint8_t>(taken[1]));
  }
  Result<std::uint32_t> number32() {
    const std::uint32_t high = TRY(number16());
    return high << 16 | TRY(number16());
  }
  Result<std::string_view> take(std::size_t count) {
    if (bytes_.size() - at_ < count) return corrupt("a DNS message is cut");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  Result<std::string> name() { return decode_name(bytes_, at_); }
  std::size_t at() const { return at_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

// Where names stand in the data of a type: so many bytes before the first, and how many names.
struct NamesInData {
  std::size_t before = 0, names = 0;
};
NamesInData names_in(Type type) {
  switch (type) {
    case Type::ns:
    case Type::cname:
    case Type::ptr: return {0, 1};
    case Type::mx: return {2, 1};
    case Type::srv: return {6, 1};
    case Type::soa: return {0, 2};
    default: return {0, 0};
  }
}

Result<std::string> read_data(Reader& reader, Type type, std::size_t size) {
  const std::size_t end = reader.at() + size;
  const NamesInData layout = names_in(type);
  if (layout.names == 0) return std::string(TRY(reader.take(size)));
  std::string data(TRY(reader.take(layout.before)));
  for (std::size_t i = 0; i < layout.names; ++i) data += TRY(encode_name(TRY(reader.name())));
  if (reader.at() > end) return corrupt("a record's name is longer than the record");
  data += TRY(reader.take(end - reader.at()));
  return data;
}

Result<Record> read_record(Reader& reader) {
  Record record;
  record.name = TRY(reader.name());
  record.type = Type{TRY(reader.number16())};
  record.record_class = TRY(reader.number16());
  record.ttl = TRY(reader.number32());
  const std::size_t size = TRY(reader.number16());
  record.data = TRY(read_data(reader, record.type, size));
  return record;
}

// The fields of OPT have a meaning of their own (RFC 6891, 6.1.3):
//   class := udp_bytes:be16     ttl := extended_code:u8 version:u8 dnssec_ok:1 zero:15
constexpr std::uint32_t dnssec_ok_bit = 0x8000;
void take_edns(const Record& opt, Message& message) {
  message.edns_udp_bytes = opt.record_class;
  message.extended_code = static_cast<std::uint8_t>(opt.ttl >> 24);
  message.edns_version = static_cast<std::uint8_t>(opt.ttl >> 16);
  message.dnssec_ok = (opt.ttl & dnssec_ok_bit) != 0;
}

Result<> read_records(Reader& reader, std::size_t count, std::vector<Record>& into, Message& message) {
  for (std::size_t i = 0; i < count; ++i) {
    Record record = TRY(read_record(reader));
    if (record.type == Type::opt) take_edns(record, message);
    else into.push_back(std::move(record));
  }
  return {};
}

// --- writing ----------------------------------------------------------------------------------------------

class Output {
 public:
  explicit Output(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  void number16(unsigned value) {
    bytes_ += {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
  }
  void number32(std::uint32_t value) {
    number16(value >> 16);
    number16(value & 0xffff);
  }
  void raw(std::string_view bytes) { bytes_ += bytes; }
  void set16(std::size_t at, unsigned value) {
    bytes_[at] = static_cast<char>(value >> 8);
    bytes_[at + 1] = static_cast<char>(value);
  }

  // Suffixes that stand here already become pointers. A name that is none is the root.
  void name(std::string_view text) {
    const auto encoded = encode_name(text);
    const std::string wire = encoded ? *encoded : std::string(1, '\0');
    for (std::size_t at = 0; wire[at] != '\0'; at += static_cast<std::uint8_t>(wire[at]) + 1u) {
      const std::string suffix = wire.substr(at);  // its case is kept
      if (const auto known = places_.find(suffix); known != places_.end())
        return number16(0xc000u | known->second);
      if (bytes_.size() < 0x4000) places_.emplace(suffix, static_cast<unsigned>(bytes_.size()));
      bytes_ += wire.substr(at, static_cast<std::uint8_t>(wire[at]) + 1u);
    }
    bytes_ += '\0';
  }

  bool record(const Record& record) {
    const std::size_t before = bytes_.size();
    name(record.name);
    number16(static_cast<unsigned>(record.type));
    number16(record.record_class);
    number32(record.ttl);
    number16(static_cast<unsigned>(record.data.size()));
    bytes_ += record.data;
    if (bytes_.size() <= bytes_max_ && record.data.size() <= 0xffff) return true;
    bytes_.resize(before);
    std::erase_if(places_, [&](const auto& place) { return place.second >= before; });
    return false;
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
  std::size_t bytes_max_;
  std::map<std::string, unsigned> places_;
};

unsigned flags_of(const Message& message) {
  return (message.response ? response_bit : 0) | (message.opcode & 15u) << 11 |
         (message.authoritative ? authoritative_bit : 0) | (message.truncated ? truncated_bit : 0) |
         (message.recursion_desired ? desired_bit : 0) | (message.recursion_available ? available_bit : 0) |
         (message.authentic_data ? authentic_bit : 0) | (message.checking_disabled ? checking_bit : 0) |
         (static_cast<unsigned>(message.code) & 15u);
}

}  // namespace

std::size_t Message::reply_bytes_max() const {
  return std::clamp<std::size_t>(edns_udp_bytes.value_or(0), udp_bytes_without_edns, udp_bytes_max);
}

Result<Message> parse(std::string_view bytes) {
  Reader reader(bytes);
  Message message;
  message.id = TRY(reader.number16());
  const unsigned flags = TRY(reader.number16());
  message.response = flags & response_bit;
  message.opcode = flags >> 11 & 15;
  message.authoritative = flags & authoritative_bit;
  message.truncated = flags & truncated_bit;
  message.recursion_desired = flags & desired_bit;
  message.recursion_available = flags & available_bit;
  message.authentic_data = flags & authentic_bit;
  message.checking_disabled = flags & checking_bit;
  message.code = static_cast<Code>(flags & 15);
  std::uint16_t counts[4];
  for (std::uint16_t& count : counts) count = TRY(reader.number16());
  for (unsigned i = 0; i < counts[0]; ++i) {
    Question question;
    question.name = TRY(reader.name());
    question.type = Type{TRY(reader.number16())};
    question.record_class = TRY(reader.number16());
    message.questions.push_back(std::move(question));
  }
  TRY(read_records(reader, counts[1], message.answers, message));
  TRY(read_records(reader, counts[2], message.authority, message));
  TRY(read_records(reader, counts[3], message.additional, message));
  return message;
}

std::string encode(const Message& message, std::size_t bytes_max) {
  Output out(bytes_max - (message.edns_udp_bytes ? opt_bytes : 0));
  out.number16(message.id);
  out.number16(flags_of(message));
  for (int i = 0; i < 4; ++i) out.number16(0);  // the counts, below
  for (const Question& question : message.questions) {
    out.name(question.name);
    out.number16(static_cast<unsigned>(question.type));
    out.number16(question.record_class);
  }
  unsigned counts[] = {static_cast<unsigned>(message.questions.size()), 0, 0, 0};
  bool fits = true, truncated = message.truncated;
  const std::vector<Record>* sections[] = {&message.answers, &message.authority, &message.additional};
  for (unsigned i = 0; i < 3; ++i) {
    for (const Record& record : *sections[i])
      if (fits && (fits = out.record(record))) ++counts[i + 1];
    truncated |= !fits && i < 2;
  }
  if (message.edns_udp_bytes) {
    out.raw(std::string_view("\0", 1));  // of the root
    out.number16(static_cast<unsigned>(Type::opt));
    out.number16(*message.edns_udp_bytes);
    out.number32(std::uint32_t{message.extended_code} << 24 | std::uint32_t{message.edns_version} << 16 |
                 (message.dnssec_ok ? dnssec_ok_bit : 0));
    out.number16(0);
    ++counts[3];
  }
  for (unsigned i = 0; i < 4; ++i) out.set16(4 + 2 * i, counts[i]);
  out.set16(2, flags_of(message) | (truncated ? truncated_bit : 0));
  return std::move(out.bytes());
}

Record address_record(std::string name, const IpAddress& address, std::uint32_t ttl_s) {
  return {.name = std::move(name),
          .type = address.is_v4() ? Type::a : Type::aaaa,
          .ttl = ttl_s,
          .data = std::string(address.bytes())};
}

Record pointer_record(std::string name, std::string_view target, std::uint32_t ttl_s) {
  const auto wire = encode_name(target);
  return {
      .name = std::move(name), .type = Type::ptr, .ttl = ttl_s, .data = wire ? *wire : std::string(1, '\0')};
}

Message reply_to(const Message& query, Code code) {
  Message reply;
  reply.id = query.id;
  reply.response = true;
  reply.opcode = query.opcode;
  reply.recursion_desired = query.recursion_desired;
  reply.recursion_available = true;
  reply.code = code;
  reply.questions = query.questions;
  reply.checking_disabled = query.checking_disabled;
  if (query.edns_udp_bytes) reply.edns_udp_bytes = udp_bytes_max;
  reply.dnssec_ok = query.dnssec_ok;
  return reply;
}

std::string refusal_of(std::string_view query, Code code) {
  if (query.size() < header_bytes) return {};
  std::string reply(query.substr(0, header_bytes));
  reply[2] = static_cast<char>((reply[2] & 0x79) | 0x80);  // a response, with the query's opcode and RD
  reply[3] = static_cast<char>(static_cast<unsigned>(code) | available_bit);
  std::fill(reply.begin() + 4, reply.end(), '\0');
  return reply;
}

std::string truncated(std::string_view answer, std::size_t bytes_max) {
  if (answer.size() <= bytes_max) return std::string(answer);
  auto message = parse(answer);
  if (!message) return refusal_of(answer, Code::server_failure);
  message->answers.clear();
  message->authority.clear();
  message->additional.clear();
  message->truncated = true;
  std::string cut = encode(*message, bytes_max);
  if (cut.size() <= bytes_max) return cut;
  message->questions.clear();  // of an answer that makes up its own
  return encode(*message, bytes_max);
}

}  // namespace podo::dns
