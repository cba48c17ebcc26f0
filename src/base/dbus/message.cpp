#include "base/dbus/message.h"

#include "base/core/ensure.h"
#include "base/dbus/wire.h"

namespace podo::dbus {
namespace {

constexpr std::uint8_t version = 1;

struct Field {
  std::uint8_t code;
  char type;
  std::string Message::* text;
};
constexpr Field text_fields[] = {
    {1, 'o', &Message::path},       {2, 's', &Message::interface},   {3, 's', &Message::member},
    {4, 's', &Message::error_name}, {6, 's', &Message::destination}, {7, 's', &Message::sender},
    {8, 'g', &Message::signature},
};
constexpr std::uint8_t reply_serial_code = 5;

std::size_t rounded(std::size_t size) { return (size + 7) / 8 * 8; }

Result<> read_field(Reader& in, Message& message) {
  TRY(in.align(8));
  const std::uint8_t code = TRY(in.byte());
  const std::string_view signature = TRY(in.signature());
  if (code == 0 || signature.size() != 1)
    return corrupt("field {} has the signature \"{}\"", code, signature);
  const char type = signature[0];
  if (code == reply_serial_code) {
    if (type != 'u') return corrupt("the serial replied to has the type '{}'", type);
    message.reply_serial = TRY(in.uint32());
    return {};
  }
  for (const Field& each : text_fields) {
    if (each.code != code) continue;
    if (each.type != type) return corrupt("field {} has the type '{}'", code, type);
    message.*each.text = type == 'g' ? TRY(in.signature()) : TRY(in.string());
    return {};
  }
  return in.skip(type);
}

Result<> check_fields(const Message& message) {
  const bool named = !message.path.empty() && !message.member.empty();
  bool complete = false;
  switch (message.type) {
    case MessageType::call: complete = named; break;
    case MessageType::reply: complete = message.reply_serial != 0; break;
    case MessageType::error: complete = message.reply_serial != 0 && !message.error_name.empty(); break;
    case MessageType::signal: complete = named && !message.interface.empty(); break;
  }
  if (!complete) return corrupt("a field is missing that this type of message has");
  if (!message.body.empty() && message.signature.empty()) return corrupt("a body without a signature");
  return {};
}

}  // namespace

Result<std::string> encode(const Message& message) {
  Writer out;
  out.byte('l').byte(static_cast<std::uint8_t>(message.type)).byte(message.flags).byte(version);
  out.uint32(static_cast<std::uint32_t>(message.body.size())).uint32(message.serial);
  const std::size_t begun = out.begin_array(8);
  if (message.reply_serial != 0)
    out.align(8).byte(reply_serial_code).signature("u").uint32(message.reply_serial);
  for (const Field& each : text_fields) {
    const std::string& text = message.*each.text;
    if (text.empty()) continue;
    out.align(8).byte(each.code).signature(std::string_view(&each.type, 1));
    if (each.type == 'g') out.signature(text);
    else out.string(text);
  }
  out.end_array(begun, 8);
  out.align(8);
  std::string bytes = out.take();
  if (message.body.size() > message_bytes_max - std::min(bytes.size(), message_bytes_max))
    return invalid("a message of {} bytes is longer than {}", bytes.size() + message.body.size(),
                   message_bytes_max);
  return bytes + message.body;
}

Result<std::size_t> message_size(std::string_view start) {
  ENSURE(start.size() >= start_bytes);
  if (start[0] != 'l') return corrupt("a message that is not written least significant byte first");
  if (start[3] != version) return corrupt("a message of version {}", static_cast<int>(start[3]));
  Reader in(start.substr(4, start_bytes - 4));
  const std::size_t body = TRY(in.uint32());
  TRY(in.uint32());  // serial
  const std::size_t fields = TRY(in.uint32());
  if (fields > message_bytes_max || body > message_bytes_max ||
      rounded(start_bytes + fields) + body > message_bytes_max) {
    return exhausted("a message of {} bytes is longer than {}", start_bytes + fields + body,
                     message_bytes_max);
  }
  return rounded(start_bytes + fields) + body;
}

Result<Message> decode(std::string_view bytes) {
  if (bytes.size() < start_bytes) return corrupt("a message of {} bytes", bytes.size());
  if (TRY(message_size(bytes)) != bytes.size()) return corrupt("a message that is not as long as it says");
  Reader in(bytes);
  Message message;
  TRY(in.byte());
  const std::uint8_t type = TRY(in.byte());
  if (type < 1 || type > 4) return corrupt("a message of type {}", type);
  message.type = static_cast<MessageType>(type);
  message.flags = TRY(in.byte());
  TRY(in.byte());
  const std::size_t body = TRY(in.uint32());
  message.serial = TRY(in.uint32());
  const std::size_t end = TRY(in.uint32()) + start_bytes;
  while (in.at() < end) TRY_IN("a message's fields", read_field(in, message));
  if (in.at() != end) return corrupt("a message's fields are longer than they say");
  TRY(in.align(8));
  message.body = bytes.substr(bytes.size() - body);
  if (message.serial == 0) return corrupt("a message without a serial");
  TRY(check_fields(message));
  return message;
}

}  // namespace podo::dbus
