// Queries by TCP:
//
//   stream := ( size:be16 byte{size} )*      both ways; a client need not wait for answers before it goes on
#include <algorithm>

#include "base/dns/server_state.h"
#include "base/io/combine.h"

namespace podo::dns {
namespace {

constexpr std::size_t at_once = 4096;              // read
constexpr std::size_t unsent_bytes_max = 1 << 17;  // a client that does not read is not read from
constexpr std::size_t waiting_max = 64;            // questions of one connection

std::optional<std::string_view> next_message(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  const auto size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                             static_cast<unsigned char>(bytes[1]));
  if (bytes.size() - 2 < size) return {};
  return bytes.substr(2, size);
}

}  // namespace

struct Connection {
  Connection(io::Loop& loop, std::unique_ptr<io::Socket> client) : socket(std::move(client)), group(loop) {}
  void answer(std::string_view message) {
    if (message.empty() || message.size() > tcp_bytes_max) return;
    unsent += {static_cast<char>(message.size() >> 8), static_cast<char>(message.size())};
    unsent += message;
  }
  // By whoever has something to send first; the others leave it to that strand.
  io::Task<void> flush(Duration patience) {
    if (writing) co_return;
    writing = true;
    while (!unsent.empty())
      co_await io::deadline(io::write_text(*socket, std::exchange(unsent, {})), patience);
    writing = false;
    moved.notify_all();
  }
  bool is_full() const { return unsent.size() > unsent_bytes_max || waiting >= waiting_max; }

  std::unique_ptr<io::Socket> socket;
  std::string unsent;
  std::size_t waiting = 0;
  bool writing = false;
  io::Condition moved{"a DNS connection's answers"};
  io::TaskGroup group;  // last
};

io::Task<void> Server::State::serve_connections() {
  for (;;) {
    auto client = co_await listener.accept_socket().result();
    if (!client && client.error().kind() == ErrorKind::cancelled) co_return;
    if (!client) co_await io::sleep(milliseconds(100));  // out of descriptors: others will be given back
    else if (connections < limits.connections)
      group.spawn(serve_connection(*std::move(client)), "DNS over TCP");
  }
}

io::Task<void> Server::State::serve_connection(std::unique_ptr<io::Socket> client) {
  const Counted one(connections);
  Connection connection(loop, std::move(client));
  connection.group.spawn(read_queries(connection), "a DNS connection");
  (void)co_await [](io::TaskGroup& all) -> io::Task<void> { co_await all.join(); }(connection.group).result();
}

// Until the client ends or says nothing for too long; then what it still waits for goes out.
io::Task<void> Server::State::read_queries(Connection& connection) {
  std::string received;
  for (;;) {
    const std::size_t before = received.size();
    received.resize(before + at_once);
    auto count =
        co_await io::deadline(connection.socket->read(io::writable_bytes_of(received).subspan(before)),
                              limits.idle_connection)
            .result();
    received.resize(before + count.value_or(0));
    if (!count && count.error().system_errno() == ETIMEDOUT && connection.waiting > 0) continue;
    if (count.value_or(0) == 0) break;
    std::size_t at = 0;
    while (const auto query = next_message(std::string_view(received).substr(at))) {
      answer_on(connection, *query);
      at += 2 + query->size();
      if (!connection.is_full()) continue;
      co_await connection.flush(limits.idle_connection);
      while (connection.is_full()) co_await connection.moved.wait();
    }
    received.erase(0, at);
    co_await connection.flush(limits.idle_connection);
  }
  for (;;) {
    co_await connection.flush(limits.idle_connection);
    if (connection.waiting == 0 && !connection.writing) co_return;
    co_await connection.moved.wait();
  }
}

void Server::State::answer_on(Connection& connection, std::string_view query) {
  ++counts.stream_queries;
  const auto reply = [&](std::string_view answer) {
    count_answer(answer);
    connection.answer(answer);
  };
  if (const auto view = QueryView::of(query)) {
    count_query(view->type);
    std::string answer(tcp_bytes_max, '\0');
    if (const std::size_t size = zone.recall(*view, answer)) return reply({answer.data(), size});
  }
  Checked checked = check(query);
  if (!checked.refusal.empty()) return reply(checked.refusal);
  if (!checked.query) return;
  if (const std::optional<Message> known = zone.know(*checked.query)) return reply(encode(*known));
  if (waiting >= limits.waiting) {
    ++counts.dropped;
    return;
  }
  connection.group.spawn(
      answer_later_on(connection, *std::move(checked.query), Counted(waiting), Counted(connection.waiting)),
      "a forwarded DNS query");
}

io::Task<void> Server::State::answer_later_on(Connection& connection, Query query, Counted of_all,
                                              Counted of_these) {
  {
    const Counted one_less = std::move(of_all), one_less_here = std::move(of_these);
    auto answer = co_await find_out(std::move(query)).result();
    if (!answer) co_return;
    if (answer->size() >= header_bytes) count_answer(*answer);
    connection.answer(*answer);
  }
  co_await connection.flush(limits.idle_connection);
  connection.moved.notify_all();
}

}  // namespace podo::dns
