// api_load: asks an API server over TLS 1.3 and HTTP/1.1, and prints what it took as one line of JSON.
//
//   api_load HOST PORT CA.pem CERTIFICATE.pem KEY.pem COMMAND...
//     get CONNECTIONS SECONDS PATH             closed loop: each connection asks again when it was answered
//     create CONNECTIONS COUNT PATH FILE FIRST   POSTs the file, with the number in place of every "@@"
//     list ROUNDS PATH ACCEPT-ENCODING         "" for none; bytes are read and forgotten
//     watch COUNT PATH CHANGE-PATH BODY        watchers, and when each of them has one merge patch's event
//
// One thread, so that one core stays the server's.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/io/combine.h"
#include "base/io/epoll_loop.h"
#include "base/io/socket.h"
#include "base/tls/tls.h"

namespace podo::bench {
namespace {

using io::Task;

struct Server {
  std::string host;
  std::uint16_t port;
  tls::Context context;
};

std::string file_text(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

// One connection, and as much of HTTP/1.1 as this server speaks.
class Connection {
 public:
  static Task<std::unique_ptr<Connection>> open(const Server& server) {
    io::SystemNetwork network(static_cast<io::EpollLoop&>(co_await io::this_loop()));
    auto stream = co_await network.connect(io::Address::tcp(server.host, server.port));
    auto connection = std::make_unique<Connection>();
    connection->stream_ = co_await tls::connect(server.context, std::move(stream), server.host);
    co_return connection;
  }

  // The status; bytes of the body are counted.
  Task<int> ask(std::string_view request) {
    co_await stream_->write(io::bytes_of(request));
    co_return co_await answer();
  }
  Task<int> answer() {
    const int status = co_await head();
    if (!chunked_) {
      co_await drop(length_);
      co_return status;
    }
    for (;;) {
      const std::size_t size = co_await chunk();
      co_await drop(size + 2);
      if (size == 0) co_return status;
    }
  }

  // Of a watch: its head, and then events one at a time.
  Task<void> begin(std::string_view request) {
    co_await stream_->write(io::bytes_of(request));
    const int status = co_await head();
    if (status != 200 || !chunked_) co_await invalid("a watch was answered with {}", status);
  }
  Task<void> event() {
    const std::size_t size = co_await chunk();
    if (size == 0) co_await invalid("the watch has ended");
    co_await drop(size + 2);
  }
  std::uint64_t body_bytes = 0;

 private:
  Task<void> more() {
    if (begin_ > 0) held_.erase(0, std::exchange(begin_, 0));
    const std::size_t had = held_.size();
    held_.resize(had + (64 << 10));
    const std::size_t count = co_await stream_->read(std::span(io::writable_bytes_of(held_)).subspan(had));
    held_.resize(had + count);
    if (count == 0) co_await unavailable("the server closed the connection");
  }
  std::string_view rest() const { return std::string_view(held_).substr(begin_); }

  Task<int> head() {
    std::size_t end = 0;
    while ((end = rest().find("\r\n\r\n")) == std::string_view::npos) co_await more();
    const std::string_view text = rest().substr(0, end + 2);
    int status = 0;
    std::from_chars(text.data() + 9, text.data() + 12, status);
    chunked_ = text.find("Transfer-Encoding: chunked") != text.npos;
    length_ = 0;
    if (const std::size_t at = text.find("Content-Length: "); at != text.npos)
      std::from_chars(text.data() + at + 16, text.data() + text.size(), length_);
    begin_ += end + 4;
    co_return status;
  }

  Task<std::size_t> chunk() {
    std::size_t end = 0;
    while ((end = rest().find("\r\n")) == std::string_view::npos) co_await more();
    std::size_t size = 0;
    std::from_chars(rest().data(), rest().data() + end, size, 16);
    begin_ += end + 2;
    co_return size;
  }

  Task<void> drop(std::size_t count) {
    body_bytes += count;
    while (count > rest().size()) {
      count -= rest().size();
      held_.clear();
      begin_ = 0;
      co_await more();
    }
    begin_ += count;
  }

  std::unique_ptr<tls::Connection> stream_;
  std::string held_;
  std::size_t begin_ = 0;
  std::size_t length_ = 0;
  bool chunked_ = false;
};

std::string get_request(std::string_view path, std::string_view more = "") {
  return text("GET {} HTTP/1.1\r\nHost: api\r\nAccept: application/json\r\n{}\r\n", path, more);
}
std::string body_request(std::string_view method, std::string_view path, std::string_view type,
                         std::string_view body) {
  return text("{} {} HTTP/1.1\r\nHost: api\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", method, path,
              type, body.size(), body);
}

struct Times {
  std::vector<std::int64_t> ns;
  double at(double part) {
    if (ns.empty()) return 0;
    std::sort(ns.begin(), ns.end());
    return static_cast<double>(ns[static_cast<std::size_t>(part * static_cast<double>(ns.size() - 1))]) / 1e6;
  }
};

void print_load(Times& times, Duration took, std::uint64_t bytes) {
  const double wall = static_cast<double>(took.ns) / 1e9;
  printf(
      "{\"count\":%zu,\"seconds\":%.4f,\"per_second\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"bytes\":%llu}\n",
      times.ns.size(), wall, static_cast<double>(times.ns.size()) / wall, times.at(0.5), times.at(0.99),
      static_cast<unsigned long long>(bytes));
}

struct Load {
  Times times = {};
  std::uint64_t bytes = 0;
  SystemClock clock = {};
  Monotonic end = {};
  int expected = 200;
};

Task<void> timed(Connection& connection, std::string_view request, Load& load) {
  const Monotonic began = load.clock.now();
  const int status = co_await connection.ask(request);
  load.times.ns.push_back((load.clock.now() - began).ns);
  if (status != load.expected) co_await invalid("answered with {}", status);
}

Task<void> get_again_and_again(Connection& connection, const std::string& request, Load& load) {
  while (load.clock.now() < load.end) co_await timed(connection, request, load);
  load.bytes += connection.body_bytes;
}

Task<std::vector<std::unique_ptr<Connection>>> connections(const Server& server, int count) {
  std::vector<std::unique_ptr<Connection>> all;
  for (int i = 0; i < count; ++i) all.push_back(co_await Connection::open(server));
  co_return all;
}

Task<void> get(const Server& server, char** arguments) {
  auto all = co_await connections(server, atoi(arguments[0]));
  const std::string request = get_request(arguments[2]);
  Load load;
  const Monotonic began = load.clock.now();
  load.end = began + milliseconds(static_cast<std::int64_t>(atof(arguments[1]) * 1000));
  io::TaskGroup group(co_await io::this_loop());
  for (auto& connection : all) group.spawn(get_again_and_again(*connection, request, load));
  co_await group.join();
  print_load(load.times, load.clock.now() - began, load.bytes);
}

std::string numbered(std::string_view form, std::uint64_t number) {
  std::string out;
  for (std::size_t at; (at = form.find("@@")) != form.npos; form.remove_prefix(at + 2))
    out.append(form.substr(0, at)).append(text("{}", number));
  return out.append(form);
}

struct Creating {
  std::string path, form;
  std::uint64_t next, end;
};

Task<void> create_some(Connection& connection, Creating& work, Load& load) {
  while (work.next < work.end) {
    const std::string body = numbered(work.form, work.next++);
    co_await timed(connection, body_request("POST", work.path, "application/json", body), load);
  }
}

Task<void> create(const Server& server, char** arguments) {
  auto all = co_await connections(server, atoi(arguments[0]));
  const auto first = static_cast<std::uint64_t>(atoll(arguments[4]));
  Creating work{.path = arguments[2],
                .form = file_text(arguments[3]),
                .next = first,
                .end = first + static_cast<std::uint64_t>(atoll(arguments[1]))};
  Load load{.expected = 201};
  const Monotonic began = load.clock.now();
  io::TaskGroup group(co_await io::this_loop());
  for (auto& connection : all) group.spawn(create_some(*connection, work, load));
  co_await group.join();
  print_load(load.times, load.clock.now() - began, 0);
}

Task<void> list(const Server& server, char** arguments) {
  const std::string encoding = arguments[2];
  const std::string request =
      get_request(arguments[1], encoding.empty() ? "" : text("Accept-Encoding: {}\r\n", encoding));
  auto connection = co_await Connection::open(server);
  Load load;
  const Monotonic began = load.clock.now();
  const int rounds = atoi(arguments[0]);
  for (int i = 0; i < rounds; ++i) co_await timed(*connection, request, load);
  print_load(load.times, load.clock.now() - began, connection->body_bytes / static_cast<unsigned>(rounds));
}

Task<void> await_event(Connection& connection, const Monotonic& began, Load& load) {
  co_await connection.event();
  load.times.ns.push_back((load.clock.now() - began).ns);
}

Task<void> watch(const Server& server, char** arguments) {
  auto all = co_await connections(server, atoi(arguments[0]));
  const std::string request = get_request(arguments[1]);
  for (auto& connection : all) co_await connection->begin(request);
  auto writer = co_await Connection::open(server);
  Load load;
  Monotonic began = load.clock.now();
  io::TaskGroup group(co_await io::this_loop());
  for (auto& connection : all) group.spawn(await_event(*connection, began, load));
  co_await io::sleep(milliseconds(200));  // every one of them waits
  const std::string change =
      body_request("PATCH", arguments[2], "application/merge-patch+json", arguments[3]);
  began = load.clock.now();
  const int status = co_await writer->ask(change);
  if (status != 200) co_await invalid("the change was answered with {}", status);
  co_await group.join();
  printf("{\"watchers\":%zu,\"first_ms\":%.3f,\"p50_ms\":%.3f,\"last_ms\":%.3f}\n", load.times.ns.size(),
         load.times.at(0), load.times.at(0.5), load.times.at(1));
}

Task<void> run(int count, char** arguments) {
  const Server server{
      .host = arguments[1],
      .port = static_cast<std::uint16_t>(atoi(arguments[2])),
      .context = co_await tls::client_context(
          {.trust_system = false,
           .authorities = file_text(arguments[3]),
           .identity = tls::Identity{.certificates = file_text(arguments[4]), .key = file_text(arguments[5])},
           .protocols = {"http/1.1"}})};
  const std::string command = arguments[6];
  char** rest = arguments + 7;
  if (command == "get" && count == 10) co_await get(server, rest);
  else if (command == "create" && count == 12) co_await create(server, rest);
  else if (command == "list" && count == 10) co_await list(server, rest);
  else if (command == "watch" && count == 11) co_await watch(server, rest);
  else co_await invalid("there is no command {} with {} arguments", command, count - 7);
}

}  // namespace
}  // namespace podo::bench

int main(int argc, char** argv) {
  if (argc < 7) {
    fputs("usage: api_load HOST PORT CA CERTIFICATE KEY COMMAND...\n", stderr);
    return 2;
  }
  podo::io::EpollLoop loop;
  const auto ran = loop.run(podo::bench::run(argc, argv));
  if (!ran) fprintf(stderr, "api_load: %s\n", ran.error().message().c_str());
  return ran ? 0 : 1;
}
