// A D-Bus message (D-Bus Specification, "Message Protocol"):
//
//   message := order:'l' type:y flags:y version:y body length:u serial:u fields padding to 8, body
//   type    := 1 call | 2 reply | 3 error | 4 signal
//   fields  := a(yv)    1 path o, 2 interface s, 3 member s, 4 error name s, 5 serial replied to u,
//                       6 destination s, 7 sender s, 8 signature of the body g, 9 descriptors u
//
// Values only, no I/O. Messages are read and written with the least significant byte first, as every host
// does that this program runs on. Descriptors are not passed. A field that is not known is passed over, as
// the specification wants it, where it is of a basic type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::dbus {

constexpr std::size_t message_bytes_max = 1u << 20;  // of those we send, and those we take
constexpr std::size_t start_bytes = 16;              // as far as the length of the fields

enum class MessageType : std::uint8_t { call = 1, reply, error, signal };

struct Message {
  MessageType type = MessageType::call;
  std::uint8_t flags = 0;
  std::uint32_t serial = 0, reply_serial = 0;  // 0: none
  std::string path = {}, interface = {}, member = {}, error_name = {}, destination = {}, sender = {};
  std::string signature = {}, body = {};
  bool operator==(const Message&) const = default;
};

// Invalid: it is longer than `message_bytes_max`.
Result<std::string> encode(const Message& message);

// How long the message is that begins with these `start_bytes`. Corrupt; Exhausted: more than
// `message_bytes_max`.
Result<std::size_t> message_size(std::string_view start);

// All bytes of one message. Corrupt.
Result<Message> decode(std::string_view bytes);

}  // namespace podo::dbus
