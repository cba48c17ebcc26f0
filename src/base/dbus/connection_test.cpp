#include "base/dbus/connection.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include "base/dbus/wire.h"

namespace podo::dbus {
namespace {

using namespace std::string_literals;

const std::string greeting = "DATA\r\nOK 0123456789abcdef\r\n";

std::string reply_to(std::uint32_t serial, std::string body = "", std::string signature = "") {
  Message reply{.type = MessageType::reply, .serial = 1, .reply_serial = serial};
  reply.signature = std::move(signature);
  reply.body = std::move(body);
  return *encode(reply);
}

std::string signal_of(std::string member) {
  Message signal{
      .type = MessageType::signal, .serial = 1, .path = "/", .interface = "i.f", .member = std::move(member)};
  return *encode(signal);
}

// A server whose answers are there before they are asked for.
struct Server {
  explicit Server(const std::string& answers) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    ours = io::Fd(ends[0]);
    theirs = io::Fd(ends[1]);
    REQUIRE(::send(ours.get(), answers.data(), answers.size(), 0) == static_cast<ssize_t>(answers.size()));
  }
  Result<Connection> connect(ServerKind kind = ServerKind::peer) {
    return Connection::over(std::move(theirs), kind, clock, soon());
  }
  std::string received() const {
    char bytes[4096];
    const ssize_t count = ::recv(ours.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    return std::string(bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  Monotonic soon() const { return clock.now() + milliseconds(20); }

  SystemClock clock;
  io::Fd ours, theirs;
};

Message some_call() { return {.path = "/a", .interface = "i.f", .member = "Do"}; }

}  // namespace

TEST_CASE("a connection says who it is by its credentials") {
  Server server(greeting);
  REQUIRE(server.connect().has_value());
  CHECK(server.received() == "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"s);
}

TEST_CASE("a server that refuses is an error with its words") {
  Server server("REJECTED EXTERNAL\r\n");
  const auto refused = server.connect();
  CHECK(refused.error().kind() == ErrorKind::denied);
  CHECK(refused.error().message().contains("REJECTED EXTERNAL"));
}

TEST_CASE("a greeting without an end is not read for ever") {
  Server server(std::string(10000, 'x'));
  CHECK(server.connect().error().kind() == ErrorKind::corrupt);
}

TEST_CASE("a bus is greeted first") {
  Server server(greeting + reply_to(1));
  REQUIRE(server.connect(ServerKind::bus).has_value());
  CHECK(server.received().contains("Hello"));
}

TEST_CASE("a call returns its own reply, and signals that came before are kept by name") {
  Server server(greeting + signal_of("Other") + signal_of("Wanted") + reply_to(7) +
                reply_to(1, Writer().string("x").take(), "s") + signal_of("Wanted"));
  auto connection = *server.connect();
  REQUIRE(connection.keep_signals("Wanted", "type='signal'", server.soon()).has_value());
  const auto reply = connection.call(some_call(), server.soon());
  REQUIRE(reply.has_value());
  CHECK(*Reader(reply->body).string() == "x");
  CHECK(connection.next_signal(server.soon())->member == "Wanted");
  CHECK(connection.next_signal(server.soon())->member == "Wanted");
  CHECK(connection.next_signal(server.soon()).error().kind() == ErrorKind::unavailable);
}

TEST_CASE("an error reply is an error of its kind, with the server's words") {
  Message error{.type = MessageType::error, .serial = 1, .reply_serial = 1};
  error.error_name = "org.freedesktop.systemd1.NoSuchUnit";
  error.signature = "s";
  error.body = Writer().string("Unit a.scope not loaded.").take();
  Server server(greeting + *encode(error));
  const auto refused = server.connect()->call(some_call(), server.soon());
  CHECK(refused.error().kind() == ErrorKind::not_found);
  CHECK(refused.error().message() == "Unit a.scope not loaded. (org.freedesktop.systemd1.NoSuchUnit)");
}

TEST_CASE("a server that says nothing, goes away or talks nonsense is an error") {
  Server silent(greeting);
  CHECK(silent.connect()->call(some_call(), silent.soon()).error().kind() == ErrorKind::unavailable);
  Server gone(greeting);
  auto connection = *gone.connect();
  gone.ours.close();
  CHECK(!connection.call(some_call(), gone.soon()));
  Server strange(greeting + std::string(64, 'x'));
  CHECK(strange.connect()->call(some_call(), strange.soon()).error().kind() == ErrorKind::corrupt);
}

TEST_CASE("signals without end do not fill the memory") {
  std::string answers = greeting;
  for (std::size_t i = 0; i <= signals_max; ++i) answers += signal_of("Wanted");
  Server server(answers + reply_to(1));
  auto connection = *server.connect();
  REQUIRE(connection.keep_signals("Wanted", "", server.soon()).has_value());
  CHECK(connection.call(some_call(), server.soon()).has_value());  // the first ones are forgotten
}

TEST_CASE("a socket that nobody listens on is an error with its path") {
  const SystemClock clock;
  const auto refused = Connection::open("/nowhere/socket", ServerKind::peer, clock, clock.now() + seconds(1));
  CHECK(refused.error().message().contains("/nowhere/socket"));
  CHECK(!Connection::open("/" + std::string(200, 'x'), ServerKind::peer, clock, clock.now() + seconds(1)));
}

}  // namespace podo::dbus
