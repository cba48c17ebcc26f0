#include "base/dns/forwarder.h"

#include <algorithm>

#include "base/io/combine.h"

namespace podo::dns {
namespace {

constexpr std::uint16_t one_packet_bytes = 1232;  // crosses any path in one piece

// What we ask elsewhere: the client's question and what it does about DNSSEC, and nothing else of its own.
Message question_of(const Message& query) {
  Message question;
  question.questions = query.questions;
  question.checking_disabled = query.checking_disabled;
  question.authentic_data = query.authentic_data;
  question.dnssec_ok = query.dnssec_ok;
  question.edns_udp_bytes = one_packet_bytes;
  return question;
}

}  // namespace

Forwarder::Forwarder(io::EpollLoop& loop, Random& random, AnswerCache& cache, ForwarderOptions options)
    : cache_(cache), options_(std::move(options)), exchange_(loop, random), group_(loop) {}

void Forwarder::set_upstreams(std::vector<Upstream> upstreams) {
  std::erase_if(upstreams, [&](const Upstream& server) {
    return std::ranges::find(options_.own, server.address) != options_.own.end();
  });
  upstreams_ = std::move(upstreams);
}

io::Task<Message> Forwarder::ask(Message query) {
  const auto key = AnswerKey::of(query);
  if (!key) co_return invalid("not a domain name: {}", query.questions[0].name);
  if (auto known = cache_.find(*key)) co_return *std::move(known);
  std::shared_ptr<Flight> flight;
  if (const auto found = flights_.find(key->bytes()); found != flights_.end()) {
    flight = found->second;
    ++counts_.joined;
  } else {
    if (flights_.size() >= options_.questions_max)
      co_return unavailable("too many questions are on their way");
    flight = std::make_shared<Flight>();
    flights_.emplace(key->bytes(), flight);
    group_.spawn(fly(*key, std::move(query), flight), "a DNS question to others");
  }
  while (!flight->outcome) co_await flight->landed.wait();
  co_return *flight->outcome;
}

io::Task<void> Forwarder::fly(AnswerKey key, Message query, std::shared_ptr<Flight> flight) {
  auto answer = co_await io::deadline(ask_elsewhere(query), options_.answer_within).result();
  flight->outcome = settle(key, query, std::move(answer));
  flights_.erase(flights_.find(key.bytes()));
  flight->landed.notify_all();
}

io::Task<Message> Forwarder::ask_elsewhere(Message query) {
  ++counts_.asked;
  Message question = question_of(query);
  const auto ask = [&] { return exchange_.ask(encode(question), upstreams_, options_.patience); };
  Message answer = co_await parse(co_await ask());
  if (answer.code == Code::format_error || answer.code == Code::not_implemented) {  // of a time before EDNS
    question.edns_udp_bytes.reset();
    question.dnssec_ok = false;
    answer = co_await parse(co_await ask());
  }
  co_return answer;
}

Message Forwarder::settle(const AnswerKey& key, const Message& query, Result<Message> answer) {
  if (!answer || answer->code == Code::server_failure) {
    ++counts_.failed;
    if (auto stale = cache_.find(key, Stale::accepted)) {
      ++counts_.stale;
      return *std::move(stale);
    }
    if (!answer) answer = reply_to(query, Code::server_failure);
  }
  answer->questions = query.questions;  // a refusal may come without
  cache_.keep(key, *answer, Lifetime::by_records);
  if (auto kept = cache_.find(key)) return *std::move(kept);  // with times as the next one will see them
  return *std::move(answer);
}

Message answer_with(const Message& query, const Message& found) {
  Message reply = reply_to(query, found.code);
  reply.authoritative = found.authoritative;
  reply.truncated = found.truncated;
  reply.authentic_data = found.authentic_data && (query.authentic_data || query.dnssec_ok);
  reply.answers = found.answers;
  reply.authority = found.authority;
  reply.additional = found.additional;
  for (Record& record : reply.answers)
    if (same_name(record.name, query.questions[0].name)) record.name = query.questions[0].name;
  return reply;
}

}  // namespace podo::dns
