#include "base/dns/server.h"

#include "base/dns/datagrams.h"
#include "base/io/combine.h"
#include "base/io/socket.h"

namespace podo::dns {

struct Server::State {
  State(io::EpollLoop& l, io::Fd udp, io::Fd tcp, Zone& z, ServerLimits how)
      : loop(l),
        zone(z),
        limits(how),
        datagrams(l, std::move(udp)),
        listener(l, std::move(tcp), {}),
        group(l) {}

  io::Task<void> serve_datagrams();
  io::Task<void> serve_connections();
  io::Task<void> serve_connection(std::unique_ptr<io::Socket> client);
  io::Task<void> answer_later(Query query, Peer peer);
  io::Task<std::string> answer(std::string bytes);
  io::Task<std::string> find_out(Query query);

  io::EpollLoop& loop;
  Zone& zone;
  ServerLimits limits;
  Datagrams datagrams;
  io::SocketListener listener;
  std::size_t waiting = 0, connections = 0;
  io::TaskGroup group;  // last: its strands use what stands above
};

namespace {

// What is wrong with it is answered at once; nothing is said to an answer, which could go on for ever.
struct Checked {
  std::optional<Query> query;
  std::string refusal;
};
Checked check(std::string bytes) {
  if (bytes.size() > 2 && (static_cast<unsigned char>(bytes[2]) & 0x80) != 0) return {};
  auto message = parse(bytes);
  if (!message) return {{}, refusal_of(bytes, Code::format_error)};
  if (message->opcode != 0) return {{}, encode(reply_to(*message, Code::not_implemented))};
  if (message->questions.size() != 1) return {{}, encode(reply_to(*message, Code::format_error))};
  return {Query{*std::move(message), std::move(bytes)}, {}};
}

// Counts one up as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::size_t& count_;
};

}  // namespace

Server::Server(io::EpollLoop& loop, io::Fd udp, io::Fd tcp, Zone& zone, ServerLimits limits)
    : state_(std::make_unique<State>(loop, std::move(udp), std::move(tcp), zone, limits)) {
  state_->group.spawn(state_->serve_datagrams(), "DNS over UDP");
  state_->group.spawn(state_->serve_connections(), "DNS over TCP");
}

Server::~Server() = default;

io::Task<void> Server::State::serve_datagrams() {
  for (;;) {
    auto received = co_await datagrams.receive().result();
    if (!received) {
      if (received.error().kind() == ErrorKind::cancelled) co_return;
      continue;  // an ICMP error of an earlier answer
    }
    Checked checked = check(std::move(received->bytes));
    if (!checked.refusal.empty()) (void)datagrams.send_to(checked.refusal, received->from);
    if (!checked.query) continue;
    if (const std::optional<Message> known = zone.know(*checked.query))
      (void)datagrams.send_to(encode(*known, checked.query->message.reply_bytes_max()), received->from);
    else if (waiting < limits.waiting)
      group.spawn(answer_later(*std::move(checked.query), received->from), "a forwarded DNS query");
  }
}

io::Task<std::string> Server::State::find_out(Query query) {
  const Counted one(waiting);
  const Message asked = query.message;
  auto answer = co_await zone.find_out(std::move(query)).result();
  if (!answer && answer.error().kind() == ErrorKind::cancelled) co_return Failure(std::move(answer).error());
  co_return answer ? *std::move(answer) : encode(reply_to(asked, Code::server_failure));
}

io::Task<void> Server::State::answer_later(Query query, Peer peer) {
  const std::size_t bytes_max = query.message.reply_bytes_max();
  auto answer = co_await find_out(std::move(query)).result();
  if (answer) (void)datagrams.send_to(truncated(*answer, bytes_max), peer);
}

io::Task<void> Server::State::serve_connections() {
  for (;;) {
    auto client = co_await listener.accept_socket().result();
    if (!client && client.error().kind() == ErrorKind::cancelled) co_return;
    if (!client) co_await io::sleep(milliseconds(100));  // out of descriptors: others will be given back
    else if (connections < limits.connections)
      group.spawn(serve_connection(*std::move(client)), "DNS over TCP");
  }
}

io::Task<std::string> Server::State::answer(std::string bytes) {
  Checked checked = check(std::move(bytes));
  if (!checked.query) co_return checked.refusal;
  if (const std::optional<Message> known = zone.know(*checked.query)) co_return encode(*known);
  co_return co_await find_out(*std::move(checked.query));
}

namespace {

// message over TCP := size:be16 byte{size}
io::Task<std::string> read_message(io::Stream& stream) {
  const std::string head = co_await io::read_exactly(stream, 2);
  const std::size_t size =
      static_cast<std::size_t>(static_cast<std::uint8_t>(head[0])) << 8 | static_cast<std::uint8_t>(head[1]);
  co_return co_await io::read_exactly(stream, size);
}

}  // namespace

io::Task<void> Server::State::serve_connection(std::unique_ptr<io::Socket> client) {
  const Counted one(connections);
  for (;;) {
    auto query = co_await io::deadline(read_message(*client), limits.idle_connection).result();
    if (!query) co_return;
    auto answered = co_await answer(*std::move(query)).result();
    if (!answered || answered->empty() || answered->size() > tcp_bytes_max) co_return;
    const std::string size = {static_cast<char>(answered->size() >> 8), static_cast<char>(answered->size())};
    auto written =
        co_await io::deadline(io::write_text(*client, size + *answered), limits.idle_connection).result();
    if (!written) co_return;
  }
}

}  // namespace podo::dns
