#include "base/dns/message.h"

#include <doctest/doctest.h>

namespace podo::dns {
namespace {

using namespace std::string_literals;

Message query(std::string name, Type type = Type::a) {
  Message message;
  message.id = 0x1234;
  message.questions.push_back({std::move(name), type});
  return message;
}

}  // namespace

TEST_CASE("a query has the bytes of RFC 1035") {
  CHECK(encode(query("web.example")) == "\x12\x34\x01\0\0\1\0\0\0\0\0\0\3web\7example\0\0\1\0\1"s);
}

TEST_CASE("a message comes back from its bytes") {
  Message message = reply_to(query("a.example", Type::any));
  message.authoritative = true;
  message.answers.push_back(address_record("a.example", *IpAddress::parse("172.18.0.2"), 5));
  message.answers.push_back(address_record("A.example", *IpAddress::parse("fd00::2"), 5));
  message.authority.push_back(pointer_record("example", "b.a.example", 60));
  message.additional.push_back({.name = "x", .type = Type::txt, .ttl = 1, .data = "\3abc"s});
  message.edns_udp_bytes = 1232;
  CHECK(*parse(encode(message)) == message);
}

TEST_CASE("names that end alike are written once") {
  Message message = reply_to(query("a.long-name.example"));
  for (int i = 0; i < 10; ++i)
    message.answers.push_back(address_record("a.long-name.example", *IpAddress::parse("10.0.0.1"), 5));
  CHECK(encode(message).size() == 12 + 21 + 4 + 10 * 16);
  CHECK(*parse(encode(message)) == message);
}

TEST_CASE("compressed names within data are written out") {
  // b.example CNAME a.example, both by pointers to the question's name.
  const std::string bytes =
      "\0\1\x81\x80\0\1\0\1\0\0\0\0\1b\7example\0\0\1\0\1\xc0\x0c\0\5\0\1\0\0\0\5\0\4\1a\xc0\x0e"s;
  const auto message = parse(bytes);
  REQUIRE(message.has_value());
  CHECK(message->answers[0].name == "b.example");
  CHECK(message->answers[0].data == "\1a\7example\0"s);
}

TEST_CASE("what does not fit is left out and told") {
  Message message = reply_to(query("a.example"));
  for (int i = 0; i < 100; ++i)
    message.answers.push_back(address_record("a.example", *IpAddress::parse("10.0.0.1"), 5));
  const std::string bytes = encode(message, 512);
  CHECK(bytes.size() <= 512);
  const auto back = parse(bytes);
  REQUIRE(back.has_value());
  CHECK(back->truncated);
  CHECK(back->answers.size() == (512 - 12 - 15) / 16);
  const auto cut = parse(truncated(encode(message), 512));
  CHECK((cut->truncated && cut->answers.empty() && cut->questions == message.questions));
}

TEST_CASE("a name's pointers lead backwards or nowhere") {
  const auto question = [](const std::string& name) {
    return parse("\0\1\0\0\0\1\0\0\0\0\0\0"s + name + "\0\1\0\1"s);
  };
  CHECK(question("\0"s).has_value());
  CHECK(question("\xc0\x0c"s).error().message() == "a name's pointer does not lead backwards");  // to itself
  CHECK(question("\1a\xc0\x0c"s).error().message() == "a name's pointer does not lead backwards");
  CHECK(question("\xc0\xff"s).error().message() == "a name's pointer does not lead backwards");
  CHECK(question("\x40"s).error().message() == "a label of an unknown kind");
  CHECK(question("\x3f"s).error().message() == "a name is cut");
  std::string longest;
  for (int i = 0; i < 5; ++i) longest += "\x3f"s + std::string(63, 'a');
  CHECK(question(longest + "\0"s).error().message() == "a name is too long");
}

TEST_CASE("every beginning of a message is refused") {
  Message message = reply_to(query("a.example"));
  message.answers.push_back(address_record("a.example", *IpAddress::parse("10.0.0.1"), 5));
  const std::string bytes = encode(message);
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK(!parse(bytes.substr(0, size)).has_value());
}

TEST_CASE("odd bytes in labels are escaped and come back") {
  std::size_t at = 0;
  const auto name = decode_name("\5a.\\\0\x80\0"s, at);
  CHECK(*name == "a\\.\\\\\\000\\128");
  CHECK(at == 7);
  CHECK(*encode_name(*name) == "\5a.\\\0\x80\0"s);
  CHECK(*encode_name("") == "\0"s);
  CHECK(*encode_name("a.") == "\1a\0"s);
  for (const char* wrong : {"..", "a..b", ".a", "a\\", "a\\25", "a\\999"})
    CHECK(!encode_name(wrong).has_value());
  CHECK(!encode_name(std::string(64, 'a')).has_value());
}

TEST_CASE("names of addresses") {
  const std::string v4 = "\xac\x11\0\3"s;
  CHECK(reverse_name(v4) == "3.0.17.172.in-addr.arpa");
  CHECK(address_of_reverse_name("3.0.17.172.IN-ADDR.arpa") == v4);
  const std::string v6(IpAddress::parse("fd00::1f")->bytes());
  CHECK(reverse_name(v6).starts_with("f.1.0.0."));
  CHECK(address_of_reverse_name(reverse_name(v6)) == v6);
  for (const char* none : {"in-addr.arpa", "3.0.17.in-addr.arpa", "256.0.17.172.in-addr.arpa",
                           "a.b.c.d.in-addr.arpa", "example", "1..17.172.in-addr.arpa"})
    CHECK(address_of_reverse_name(none).empty());
}

TEST_CASE("a refusal needs no more than a header") {
  CHECK(refusal_of("\x12\x34\x01\x00\xff\xff\0\0\0\0\0\0 rest"s, Code::format_error) ==
        "\x12\x34\x81\x81\0\0\0\0\0\0\0\0"s);
  CHECK(refusal_of("short", Code::format_error).empty());
}

}  // namespace podo::dns
