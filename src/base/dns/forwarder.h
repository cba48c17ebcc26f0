// Questions that are not ours go to servers elsewhere, through a cache: one question at a time of those that
// are equal, whoever asks. A circle of servers that ask each other ends with that: a question that comes back
// waits for itself until its time is over, and is not asked again.
//
// Life: made -> set_upstreams() -> ask() at any time -> destroyed after all that ask. Lives on one loop.
#pragma once

#include <map>

#include "base/dns/answer_cache.h"
#include "base/dns/exchange.h"
#include "base/io/condition.h"
#include "base/io/group.h"

namespace podo::dns {

struct ForwarderOptions {
  Patience patience = {.timeout = milliseconds(1500), .attempts = 2};
  Duration answer_within = milliseconds(4500);  // clients ask again after five seconds
  std::vector<IpAddress> own = {};              // never asked: they are this server
  std::size_t questions_max = 1024;             // on their way at a time
};

class Forwarder {
 public:
  Forwarder(io::EpollLoop& loop, Random& random, AnswerCache& cache, ForwarderOptions options = {});

  void set_upstreams(std::vector<Upstream> upstreams);
  // The answer to the one question of `query`, from the cache or from elsewhere; its id and OPT mean nothing.
  // A failure is an answer, too (also when nobody answered). Unavailable: too much is on its way.
  io::Task<Message> ask(Message query);

  struct Counts {
    std::uint64_t asked = 0, joined = 0, failed = 0, stale = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Flight {
    std::optional<Message> outcome;
    io::Condition landed{"an answer from elsewhere"};
  };
  io::Task<void> fly(AnswerKey key, Message query, std::shared_ptr<Flight> flight);
  io::Task<Message> ask_elsewhere(Message query);
  Message settle(const AnswerKey& key, const Message& query, Result<Message> answer);

  AnswerCache& cache_;
  ForwarderOptions options_;
  Exchange exchange_;
  std::vector<Upstream> upstreams_;
  std::map<std::string, std::shared_ptr<Flight>, std::less<>> flights_;
  Counts counts_;
  io::TaskGroup group_;  // last: its strands use all of the above
};

// What was found as the answer to `query`, whose case, id and OPT count.
Message answer_with(const Message& query, const Message& found);

}  // namespace podo::dns
