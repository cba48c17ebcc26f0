#include "base/dbus/message.h"

#include <doctest/doctest.h>

#include "base/dbus/wire.h"

namespace podo::dbus {
namespace {

using namespace std::string_literals;

Message call() {
  Message message{.serial = 1, .path = "/a", .interface = "i.f", .member = "Do"};
  message.destination = "d.e";
  return message;
}

// The bytes of call(), as the specification has them.
const std::string call_bytes =
    "l\1\0\1\0\0\0\0\1\0\0\0\x3c\0\0\0"s  // little, call, no flags, version; body 0, serial 1, fields 0x3c
    "\1\1o\0\2\0\0\0/a\0\0\0\0\0\0"s      // padded to 8 before the next field
    "\2\1s\0\3\0\0\0i.f\0\0\0\0\0"s
    "\3\1s\0\2\0\0\0Do\0\0\0\0\0\0"s
    "\6\1s\0\3\0\0\0d.e\0"s
    "\0\0\0\0"s;

}  // namespace

TEST_CASE("a call has the bytes of the specification") { CHECK(*encode(call()) == call_bytes); }

TEST_CASE("a message comes back from its bytes") {
  Message message = call();
  CHECK(*decode(*encode(message)) == message);
  message.type = MessageType::error;
  message.reply_serial = 7;
  message.error_name = "a.b.C";
  message.signature = "s";
  message.body = Writer().string("why").take();
  message.sender = ":1.2";
  CHECK(*decode(*encode(message)) == message);
}

TEST_CASE("a message's size is told by its beginning") {
  Message message = call();
  message.signature = "ay";
  message.body = std::string(1000, 'x');
  const std::string bytes = *encode(message);
  CHECK(*message_size(bytes.substr(0, start_bytes)) == bytes.size());
}

TEST_CASE("a message that is cut off or longer than it says is refused at every length") {
  const std::string bytes = *encode(call());
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!decode(bytes.substr(0, size)));
  CHECK(!decode(bytes + '\0'));
}

TEST_CASE("sizes from outside are bounded") {
  std::string bytes = *encode(call());
  bytes[7] = '\x7f';  // 2 GB of body
  CHECK(message_size(bytes).error().kind() == ErrorKind::exhausted);
  bytes = *encode(call());
  bytes[15] = '\xff';  // 4 GB of fields
  CHECK(message_size(bytes).error().kind() == ErrorKind::exhausted);
  Message large = call();
  large.signature = "ay";
  large.body = std::string(message_bytes_max, 'x');
  CHECK(encode(large).error().kind() == ErrorKind::invalid);
}

TEST_CASE("what is no message of ours is refused") {
  for (const auto& [at, byte] : {std::pair<std::size_t, char>{0, 'B'},  // the other byte order
                                 {1, 0},
                                 {1, 5},
                                 {3, 2},     // version
                                 {8, 0},     // serial 0
                                 {18, 's'},  // a path that is a string
                                 {26, 1},    // padding that is not zero
                                 {28, 1},
                                 {16, 0}}) {  // field 0
    std::string bytes = *encode(call());
    bytes[at] = byte;
    CAPTURE(at);
    CHECK(!decode(bytes));
  }
}

TEST_CASE("an unknown field is passed over when its type is basic") {
  const auto with_field = [](const std::string& field) {
    Writer out;
    out.byte('l').byte(2).byte(0).byte(1).uint32(0).uint32(1);
    const std::size_t begun = out.begin_array(8);
    out.byte(5).signature("u").uint32(9);
    std::string bytes = out.align(8).take() + field;
    const std::size_t fields = bytes.size() - 16;
    bytes[begun - 4] = static_cast<char>(fields);
    bytes.resize((bytes.size() + 7) / 8 * 8, '\0');
    return bytes;
  };
  const auto message = decode(with_field("\x20\1t\0\0\0\0\0\1\2\3\4\5\6\7\x08"s));
  REQUIRE(message.has_value());
  CHECK(message->reply_serial == 9);
  CHECK(!decode(with_field("\x20\1v\0\1u\0\0\1\0\0\0"s)));
  CHECK(!decode(with_field("\x20\2as\0\0\0\0"s)));
}

TEST_CASE("a message without what its type has is refused") {
  Message signal = call();
  signal.type = MessageType::signal;
  CHECK(decode(*encode(signal)).has_value());
  signal.interface = "";
  CHECK(!decode(*encode(signal)));
  Message reply{.type = MessageType::reply, .serial = 1};
  CHECK(!decode(*encode(reply)));
  reply.reply_serial = 1;
  CHECK(decode(*encode(reply)).has_value());
  reply.body = "x";  // of which type?
  CHECK(!decode(*encode(reply)));
}

TEST_CASE("properties have the bytes of a(sv)") {
  const std::vector<Property> list = {
      {"A", std::uint64_t{1}}, {"B", std::vector<std::string>{"x", "y"}}, {"C", true}};
  const std::string expected =
      "\x48\0\0\0\0\0\0\0"s                        // bytes of the elements, which begin at 8
      "\1\0\0\0A\0\1t\0\0\0\0\0\0\0\0"s            // "A", its signature, padding to 24
      "\1\0\0\0\0\0\0\0"s                          //
      "\1\0\0\0B\0\2as\0\0\0"s                     // padding to 44
      "\x0e\0\0\0\1\0\0\0x\0\0\0\1\0\0\0y\0\0\0"s  // 14 bytes of strings, padding to 64
      "\1\0\0\0C\0\1b\0\0\0\0\1\0\0\0"s;
  CHECK(Writer().properties(list).take() == expected);
}

}  // namespace podo::dbus
