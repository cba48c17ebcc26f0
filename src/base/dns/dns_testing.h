// What tests of DNS are made of: sockets on the loopback, messages as words, an upstream that says what the
// test wants.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>

#include "base/dns/datagrams.h"
#include "base/dns/exchange.h"
#include "base/dns/records.h"
#include "base/io/group.h"
#include "base/io/socket.h"

namespace podo::dns {

struct Sockets {
  io::Fd udp, tcp;
  std::uint16_t port = 0;
};
// Both with the same number; another pair has it taken for one of them now and then.
inline Sockets loopback_sockets(const char* address = "127.0.0.1") {
  for (int attempt = 0; attempt < 50; ++attempt) {
    const Peer any(*IpAddress::parse(address), 0);
    Sockets sockets;
    sockets.udp = io::Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(sockets.udp.get(), reinterpret_cast<const sockaddr*>(&any.storage), any.size) == 0);
    Peer bound;
    ::getsockname(sockets.udp.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.size);
    sockets.port = bound.port();
    sockets.tcp = io::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::bind(sockets.tcp.get(), reinterpret_cast<const sockaddr*>(&bound.storage), bound.size) != 0)
      continue;
    REQUIRE(::listen(sockets.tcp.get(), 8) == 0);
    return sockets;
  }
  FAIL("no port is free for both");
  return {};
}

inline Message query_for(std::string name, Type type = Type::a, std::optional<std::uint16_t> edns = {}) {
  Message query;
  query.id = 0x1234;
  query.questions.push_back({std::move(name), type});
  query.edns_udp_bytes = edns;
  return query;
}

// "NXDOMAIN web.example 30 192.0.2.7 | soa": the code if it is none, answers with their times, authority.
inline std::string words_of(const Message& message) {
  constexpr const char* codes[] = {"", "FORMERR ", "SERVFAIL ", "NXDOMAIN ", "NOTIMP ", "REFUSED "};
  std::string words = codes[static_cast<std::size_t>(message.code)];
  if (message.truncated) words += "TC ";
  for (const Record& r : message.answers) {
    const bool is_address = r.type == Type::a || r.type == Type::aaaa;
    std::string data = is_address ? IpAddress::from_bytes(r.data).to_text() : r.data;
    if (r.type == Type::cname || r.type == Type::ptr || r.type == Type::ns) data = *target_of(r);
    words += text("{} {} {} ", r.name, r.ttl, data);
  }
  if (!message.authority.empty()) words += text("| {} ", message.authority[0].ttl);
  if (!words.empty()) words.pop_back();
  return words;
}

// Answers each datagram with those that `answer` says (none: silence), each stream query with what `stream`
// says.
class FakeUpstream {
 public:
  using Answer = std::function<std::vector<std::string>(const Message& query)>;
  using StreamAnswer = std::function<std::string(const Message& query)>;
  FakeUpstream(io::EpollLoop& loop, Answer answer, StreamAnswer stream = {}, const char* at = "127.0.0.1")
      : answer_(std::move(answer)),
        stream_(std::move(stream)),
        address_(*IpAddress::parse(at)),
        group_(loop) {
    Sockets sockets = loopback_sockets(at);
    port_ = sockets.port;
    datagrams_ = std::make_unique<Datagrams>(loop, std::move(sockets.udp));
    listener_ = std::make_unique<io::SocketListener>(loop, std::move(sockets.tcp), io::Address());
    group_.spawn(serve());
    group_.spawn(serve_streams());
  }
  Upstream place() const { return {address_, port_}; }
  int asked = 0, asked_by_stream = 0;
  std::vector<Message> questions;

 private:
  io::Task<void> serve() {
    for (;;) {
      const Datagrams::Datagram received = co_await datagrams_->receive();
      const auto query = parse(received.bytes);
      REQUIRE(query.has_value());
      ++asked;
      questions.push_back(*query);
      for (const std::string& bytes : answer_(*query)) (void)datagrams_->send_to(bytes, received.from);
    }
  }
  io::Task<void> serve_streams() {
    for (;;) {
      const auto client = co_await listener_->accept_socket();
      const std::string head = co_await io::read_exactly(*client, 2);
      const auto size = static_cast<std::size_t>(static_cast<unsigned char>(head[0]) << 8 |
                                                 static_cast<unsigned char>(head[1]));
      const Message query = co_await parse(co_await io::read_exactly(*client, size));
      ++asked_by_stream;
      if (!stream_) continue;
      const std::string answer = stream_(query);
      co_await io::write_text(
          *client,
          std::string{static_cast<char>(answer.size() >> 8), static_cast<char>(answer.size())} + answer);
    }
  }

  Answer answer_;
  StreamAnswer stream_;
  IpAddress address_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Datagrams> datagrams_;
  std::unique_ptr<io::SocketListener> listener_;
  io::TaskGroup group_;
};

inline std::string address_answer(const Message& query, const char* address, std::uint32_t ttl_s = 60) {
  Message reply = reply_to(query);
  reply.answers.push_back(address_record(query.questions[0].name, *IpAddress::parse(address), ttl_s));
  return encode(reply);
}
inline std::string negative_answer(const Message& query, Code code, std::uint32_t minimum_s) {
  Message reply = reply_to(query, code);
  reply.authority.push_back(authority_record("example", {.minimum = minimum_s}, 600));
  return encode(reply);
}

}  // namespace podo::dns
