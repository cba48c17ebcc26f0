#include "base/dns/exchange.h"

#include <algorithm>

#include "base/dns/datagrams.h"
#include "base/io/combine.h"
#include "base/io/socket.h"

namespace podo::dns {
namespace {

constexpr Duration silence = seconds(10);  // so long a server that did not answer is asked last

bool is_truncated(std::string_view message) { return (static_cast<unsigned char>(message[2]) & 0x02) != 0; }
Code code_of(std::string_view message) { return static_cast<Code>(message[3] & 15); }

// Same id, a response, and the same first question, whatever the case of its letters.
bool answers(std::string_view answer, std::string_view query) {
  if (answer.size() < header_bytes || answer.substr(0, 2) != query.substr(0, 2)) return false;
  if ((static_cast<unsigned char>(answer[2]) & 0x80) == 0) return false;
  const auto asked = parse(query), answered = parse(answer);
  if (!asked || !answered) return false;
  if (answered->questions.empty()) return answered->code != Code::no_error;  // a refusal need not repeat it
  return !asked->questions.empty() && same_name(asked->questions[0].name, answered->questions[0].name) &&
         asked->questions[0].type == answered->questions[0].type;
}

}  // namespace

std::vector<Upstream> Exchange::in_order(std::vector<Upstream> servers) {
  const Monotonic now = loop_.clock().now();
  std::erase_if(silent_, [&](const Silent& known) { return known.until <= now; });
  std::ranges::stable_partition(servers, [&](const Upstream& server) {
    return std::ranges::find(silent_, server, &Silent::server) == silent_.end();
  });
  return servers;
}

void Exchange::has_answered(const Upstream& server, bool answered) {
  std::erase_if(silent_, [&](const Silent& known) { return known.server == server; });
  if (!answered) silent_.push_back({server, loop_.clock().now() + silence});
}

io::Task<std::string> Exchange::ask(std::string query, std::vector<Upstream> servers, Patience patience) {
  if (query.size() < header_bytes) co_return invalid("not a DNS query");
  const std::string id = query.substr(0, 2);
  std::string failure;
  for (int attempt = 0; attempt < patience.attempts; ++attempt) {
    for (const Upstream& server : in_order(servers)) {
      const std::uint64_t random = random_.next();
      query[0] = static_cast<char>(random);
      query[1] = static_cast<char>(random >> 8);
      auto answer = co_await ask_one(query, server, patience.timeout).result();
      if (!answer && answer.error().kind() == ErrorKind::cancelled)
        co_return Failure(std::move(answer).error());
      has_answered(server, answer.has_value());
      if (!answer) continue;
      answer->replace(0, 2, id);
      const Code code = code_of(*answer);
      if (code != Code::server_failure && code != Code::refused && code != Code::not_implemented)
        co_return *std::move(answer);
      failure = *std::move(answer);  // the others may know better
    }
    if (!failure.empty()) co_return failure;
  }
  co_return unavailable("no DNS server answered");
}

io::Task<std::string> Exchange::ask_one(std::string query, Upstream server, Duration timeout) {
  std::string answer = co_await io::deadline(ask_datagram(query, server), timeout);
  if (!is_truncated(answer)) co_return answer;
  auto whole = co_await io::deadline(ask_stream(query, server), timeout).result();
  co_return whole ? *std::move(whole) : answer;  // better a part than nothing
}

io::Task<std::string> Exchange::ask_datagram(std::string query, Upstream server) {
  Datagrams socket(loop_, co_await Datagrams::connected_to(Peer(server.address, server.port)));
  co_await socket.send(query);
  for (;;) {
    Datagrams::Datagram datagram = co_await socket.receive();
    if (answers(datagram.bytes, query)) co_return std::move(datagram.bytes);
  }
}

io::Task<std::string> Exchange::ask_stream(std::string query, Upstream server) {
  const auto stream =
      co_await io::connect_socket(loop_, io::Address::tcp(server.address.to_text(), server.port));
  const std::string size = {static_cast<char>(query.size() >> 8), static_cast<char>(query.size())};
  co_await io::write_text(*stream, size + query);
  const std::string head = co_await io::read_exactly(*stream, 2);
  const std::size_t length =
      static_cast<std::size_t>(static_cast<std::uint8_t>(head[0])) << 8 | static_cast<std::uint8_t>(head[1]);
  std::string answer = co_await io::read_exactly(*stream, length);
  if (!answers(answer, query)) co_return corrupt("an answer to something else");
  co_return answer;
}

}  // namespace podo::dns
