// Any bytes are a DNS message that means the same when it is written and read again, or are refused. A query
// that is seen without being parsed is what parsing says it is; an answer recalled for it is the one kept.
#include <cstddef>
#include <cstdint>

#include "base/core/ensure.h"
#include "base/dns/answer_cache.h"
#include "base/dns/records.h"

namespace {

using namespace podo;

struct StandingClock final : Clock {
  Monotonic now() const override { return {1}; }
  Wall wall() const override { return {}; }
};

std::string recall(dns::AnswerCache& cache, const dns::QueryView& view) {
  std::string answer(dns::tcp_bytes_max, '\0');
  answer.resize(cache.recall(view, answer));
  return answer;
}

// As an answer of a zone, with nothing left that a cache does not keep.
void check_recall(const dns::Message& any, const dns::Message& query, const dns::QueryView& view) {
  StandingClock clock;
  SeededRandom random(1);
  dns::AnswerCache cache(clock, random);
  const dns::AnswerKey key(view);
  ENSURE(dns::AnswerKey::of(query)->bytes() == key.bytes());
  dns::Message answer = dns::reply_to(query, any.code);
  answer.answers = any.answers;
  answer.authority = any.authority;
  answer.additional = any.additional;
  cache.keep(key, answer, dns::Lifetime::until_change);
  if (const std::string recalled = recall(cache, view); !recalled.empty()) {
    const auto parsed = dns::parse(recalled);
    ENSURE(parsed.has_value());
    ENSURE(parsed->id == answer.id && parsed->questions == answer.questions && parsed->code == answer.code);
    ENSURE(parsed->recursion_desired == answer.recursion_desired);
    ENSURE(parsed->checking_disabled == answer.checking_disabled && parsed->dnssec_ok == answer.dnssec_ok);
    ENSURE(parsed->edns_udp_bytes == answer.edns_udp_bytes &&
           parsed->answers.size() == answer.answers.size());
    ENSURE(parsed->authority.size() == answer.authority.size());
    ENSURE(parsed->additional.size() == answer.additional.size());
  }
  cache.keep(key, answer, dns::Lifetime::by_records);
  (void)recall(cache, view);
  (void)cache.find(key);
}

void check_view(std::string_view input, const dns::Message& message) {
  const auto view = dns::QueryView::of(input);
  if (!view) return;
  ENSURE(!message.response && message.opcode == 0 && message.questions.size() == 1);
  ENSURE(message.answers.empty() && message.authority.empty() && message.additional.empty());
  ENSURE(view->type == message.questions[0].type && view->edns == message.edns_udp_bytes.has_value());
  ENSURE(view->dnssec_ok == message.dnssec_ok && message.edns_version == 0);
  ENSURE(view->reply_bytes_max == message.reply_bytes_max());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto message = dns::parse(input);
  (void)dns::refusal_of(input, dns::Code::format_error);
  ENSURE(dns::truncated(input, 512).size() <= 512);
  if (!message) {
    ENSURE(message.error().kind() == ErrorKind::corrupt || message.error().kind() == ErrorKind::invalid);
    ENSURE(!dns::QueryView::of(input));
    return 0;
  }
  check_view(input, *message);
  ENSURE(dns::encode(*message, 512).size() <= 512 || !message->questions.empty());
  if (size > 2048) return 0;  // names in data are written out, so that much more may not fit
  const auto again = dns::parse(dns::encode(*message));
  ENSURE(again.has_value() && *again == *message);
  (void)dns::time_to_live(*message);
  for (const dns::Record& record : message->answers) (void)dns::target_of(record);
  if (message->questions.size() != 1) return 0;
  dns::Message query;
  query.id = message->id;
  query.recursion_desired = message->recursion_desired;
  query.checking_disabled = message->checking_disabled;
  query.questions = message->questions;
  query.edns_udp_bytes = message->edns_udp_bytes;
  query.dnssec_ok = message->dnssec_ok;
  const std::string bytes = dns::encode(query);
  const auto view = dns::QueryView::of(bytes);
  ENSURE(view.has_value());
  check_recall(*message, query, *view);
  return 0;
}
