#include "base/dns/server.h"

#include "base/dns/server_state.h"

namespace podo::dns {

Checked check(std::string_view bytes) {
  if (bytes.size() > 2 && (static_cast<unsigned char>(bytes[2]) & 0x80) != 0) return {};
  auto message = parse(bytes);
  if (!message) return {{}, refusal_of(bytes, Code::format_error)};
  if (message->opcode != 0) return {{}, encode(reply_to(*message, Code::not_implemented))};
  if (message->questions.size() != 1) return {{}, encode(reply_to(*message, Code::format_error))};
  if (message->edns_version != 0) {
    Message reply = reply_to(*message);
    reply.extended_code = 1;  // BADVERS, 16
    return {{}, encode(reply)};
  }
  return {Query{*std::move(message), std::string(bytes)}, {}};
}

Server::Server(io::EpollLoop& loop, io::Fd udp, io::Fd tcp, Zone& zone, ServerLimits limits)
    : state_(std::make_unique<State>(loop, std::move(udp), std::move(tcp), zone, limits)) {
  state_->group.spawn(state_->serve_datagrams(), "DNS over UDP");
  state_->group.spawn(state_->serve_connections(), "DNS over TCP");
}

Server::~Server() = default;

const ServerCounts& Server::counts() const { return state_->counts; }

io::Task<std::string> Server::State::find_out(Query query) {
  const Message asked = query.message;
  auto answer = co_await zone.find_out(std::move(query)).result();
  if (!answer && answer.error().kind() == ErrorKind::cancelled) co_return Failure(std::move(answer).error());
  co_return answer ? *std::move(answer) : encode(reply_to(asked, Code::server_failure));
}

}  // namespace podo::dns
