#include "base/io/socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/io/pipe.h"
#include "base/io/testsuite/network_suite.h"

namespace podo::io {
namespace {

struct ScratchFolder {
  ScratchFolder() : path("/tmp/podo-io-XXXXXX") { ::mkdtemp(path.data()); }
  ~ScratchFolder() {
    ::unlink((path + "/socket").c_str());
    ::rmdir(path.c_str());
  }
  std::string path;
};

void run_property(NetworkProperty property, Address address) {
  EpollLoop loop;
  SystemNetwork network(loop);
  NetworkWorld world{network, network, std::move(address)};
  Result<void> ran = loop.run(property(world));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

}  // namespace

TEST_CASE("TCP sockets keep the Network contract") {
  verify_network([](NetworkProperty property) { run_property(property, Address::tcp("127.0.0.1", 0)); });
}

TEST_CASE("unix sockets keep the Network contract") {
  ScratchFolder folder;
  verify_network(
      [&](NetworkProperty property) { run_property(property, Address::unix_path(folder.path + "/socket")); });
}

TEST_CASE("IPv6 and abstract unix addresses are listened on and connected to") {
  run_property(half_close_leaves_the_other_direction, Address::unix_path("@podo-io-test"));
  if (Fd probe(::open("/proc/net/if_inet6", O_RDONLY | O_CLOEXEC)); probe)
    run_property(half_close_leaves_the_other_direction, Address::tcp("::1", 0));
}

TEST_CASE("a listener takes the place of a socket file nobody listens on, and of nothing else") {
  ScratchFolder folder;
  EpollLoop loop;
  Address address = Address::unix_path(folder.path + "/socket");
  CHECK(loop.run(listen_socket(loop, address)).has_value());  // dies at once, its file stays
  auto listener = loop.run(listen_socket(loop, address));
  CHECK(listener.has_value());
  CHECK_EQ(loop.run(listen_socket(loop, address)).error().kind(), ErrorKind::already_exists);
  listener->reset();
  ::unlink(address.host.c_str());
  Fd file(::open(address.host.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  CHECK_EQ(loop.run(listen_socket(loop, address)).error().kind(), ErrorKind::already_exists);
  struct stat now{};
  CHECK_EQ(::stat(address.host.c_str(), &now), 0);
}

TEST_CASE("addresses that cannot be are refused") {
  EpollLoop loop;
  CHECK_EQ(loop.run(connect_socket(loop, Address::tcp("example", 80))).error().kind(), ErrorKind::invalid);
  CHECK_EQ(loop.run(connect_socket(loop, Address::unix_path(std::string(200, 'x')))).error().kind(),
           ErrorKind::invalid);
}

TEST_CASE("open descriptors go through a unix socket, with the bytes they were sent with") {
  EpollLoop loop;
  SocketPair pair = *socket_pair(loop);
  Pipe pipe = *open_pipe();
  auto run = [&]() -> Task<void> {
    int sent[] = {pipe.read_end.get(), pipe.write_end.get()};
    co_await pair.left->send_descriptors("two ends", sent);
    Socket::Received received = co_await pair.right->receive_descriptors(100);
    CHECK_EQ(received.bytes, "two ends");
    CHECK_EQ(received.descriptors.size(), 2);
    CHECK_EQ(::fcntl(received.descriptors[0].get(), F_GETFD), FD_CLOEXEC);
    FdStream writer(loop, std::move(received.descriptors[1]));
    co_await write_text(writer, "through");
    FdStream reader(loop, std::move(received.descriptors[0]));
    CHECK_EQ(co_await read_exactly(reader, 7), "through");
    co_await pair.left->finish();
    Socket::Received end = co_await pair.right->receive_descriptors(100);
    CHECK((end.bytes.empty() && end.descriptors.empty()));
  };
  CHECK(loop.run(run()).has_value());
  std::vector<int> too_many(33, 0);
  CHECK_EQ(loop.run(pair.right->send_descriptors("x", too_many)).error().kind(), ErrorKind::invalid);
}

TEST_CASE("a unix socket knows its peer, a TCP socket does not") {
  EpollLoop loop;
  SocketPair pair = *socket_pair(loop);
  CHECK_EQ(pair.left->peer()->pid, ::getpid());
  CHECK_EQ(pair.left->peer()->uid, ::geteuid());
  auto run = [&]() -> Task<void> {
    auto listener = co_await listen_socket(loop, Address::tcp("127.0.0.1", 0));
    auto client = co_await connect_socket(loop, listener->address());
    CHECK_EQ(client->peer().error().kind(), ErrorKind::unsupported);
  };
  CHECK(loop.run(run()).has_value());
}

TEST_CASE("addresses are read and written") {
  for (const char* good :
       {"tcp:127.0.0.1:80", "tcp:[::1]:65535", "unix:/run/podo.sock", "unix:@name", "tcp:node-1:0"}) {
    CAPTURE(good);
    CHECK_EQ(Address::parse(good)->to_text(), good);
  }
  for (const char* bad : {"", "tcp:", "tcp:host", "tcp::80", "tcp:h:65536", "tcp:h:", "tcp:h:8x",
                          "tcp:::1:80", "unix:", "udp:h:1", "tcp:[]:1"}) {
    CAPTURE(bad);
    CHECK_EQ(Address::parse(bad).error().kind(), ErrorKind::invalid);
  }
}

}  // namespace podo::io
