// Recorder: what several strands ask of a store at random, and what they are answered, as a history that
// linearizability.h judges. It lasts over the openings of a store: crashed() between two of them.
#pragma once

#include "base/core/random.h"
#include "base/io/group.h"
#include "base/store/testsuite/linearizability.h"

namespace podo::store {

class Recorder {
 public:
  const std::vector<Call>& calls() const { return calls_; }

  std::size_t begin(Call call) {
    call.began = ++now_;
    calls_.push_back(std::move(call));
    return calls_.size() - 1;
  }
  // `call`: as begun, and what it saw.
  void end(std::size_t number, Call call) {
    call.began = calls_[number].began;
    call.ended = ++now_;
    call.certain = true;
    calls_[number] = std::move(call);
  }
  // What may still happen to its change is unknown, until crashed(); an error that says so has no change.
  void fail(std::size_t number, const Error& error) {
    if (!is_unknown(error)) end(number, Call());
  }
  static bool is_unknown(const Error& error) {
    return error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::cancelled;
  }
  // No call goes on beyond this instant.
  void crashed() {
    ++now_;
    for (Call& call : calls_)
      if (call.ended == never) call.ended = now_;
  }

  std::string new_value() { return text("value {}", ++values_); }

 private:
  std::vector<Call> calls_;
  Instant now_ = 0;
  std::uint64_t values_ = 0;
};

struct RecordOptions {
  int strands = 6;
  int calls = 30;  // of each
  std::uint64_t keys = 4;
  Durability durability = Durability::durable;
};

// One of the strands. It ends at a call whose outcome is unknown: what follows would be guesses, and many of
// those are more than can be judged.
class RecordedStrand {
 public:
  RecordedStrand(Store& store, Recorder& recorder, std::uint64_t seed, const RecordOptions& options)
      : store_(store), recorder_(recorder), random_(seed), options_(options) {}

  io::Task<void> run() {
    for (int i = 0; i < options_.calls && !lost_; ++i) {
      const std::uint64_t kind = random_.below(100);
      if (kind < 20) co_await find_one();
      else if (kind < 35) co_await read_range();
      else if (kind < 75) co_await swap();
      else co_await change();
      if (random_.below(3) == 0) co_await io::sleep(microseconds(random_.below(300)));
    }
  }

 private:
  using Known = std::map<std::string, Entry>;

  std::string key() { return text("key {}", random_.below(options_.keys)); }

  io::Task<void> find_one() {
    Call call{.range = Range::key(key())};
    std::size_t number = recorder_.begin(call);
    Result<std::optional<Entry>> found = co_await store_.find(call.range->from).result();
    if (!found) co_return failed(number, found.error());
    known_.erase(call.range->from);
    if (*found) note(call, **found);
    recorder_.end(number, std::move(call));
  }

  io::Task<void> read_range() {
    Call call{.range = random_.below(2) == 0 ? Range::prefix("") : Range{key(), ""}};
    std::size_t number = recorder_.begin(call);
    Result<Page> page = co_await store_.range(*call.range).result();
    if (!page) co_return failed(number, page.error());
    note(call, *page);
    call.revision = page->revision;
    recorder_.end(number, std::move(call));
  }

  // Writes one or two keys if one of them is as this strand saw it last; else sees what it is.
  io::Task<void> swap() {
    std::string compared = key();
    auto known = known_.find(compared);
    const bool was_there = known != known_.end();
    Call call{.expects = {{compared, std::nullopt}}};
    if (was_there) call.expects[compared] = std::string(known->second.value());
    Transaction transaction{
        .conditions = {unchanged_since(compared, was_there ? known->second.modified() : 0)},
        .otherwise = {read(Range::key(compared))}};
    write(call, transaction, compared);
    if (random_.below(3) == 0) write(call, transaction, key());
    std::size_t number = recorder_.begin(call);
    Outcome outcome;
    if (!co_await committed(number, std::move(transaction), outcome)) co_return;
    call.met = outcome.met;
    if (!outcome.met) call.range = Range::key(compared);
    if (!outcome.met) note(call, outcome.replies[0]);
    for (const Page& page : outcome.replies)
      for (const Entry& entry : page.entries) known_[std::string(entry.key())] = entry;
    call.revision = outcome.revision;
    recorder_.end(number, std::move(call));
  }

  // Reads everything, then writes some keys or erases one.
  io::Task<void> change() {
    Call call{.range = Range::prefix("")};
    Transaction transaction{.then = {read(*call.range)}};
    if (random_.below(3) == 0) {
      std::string erased = key();
      transaction.then.push_back(erase(Range::key(erased)));
      call.writes[erased] = std::nullopt;
    } else {
      for (std::uint64_t count = random_.below(3) + 1; count > 0; --count) write(call, transaction, key());
    }
    std::size_t number = recorder_.begin(call);
    Outcome outcome;
    if (!co_await committed(number, std::move(transaction), outcome)) co_return;
    note(call, outcome.replies[0]);
    if (call.writes.begin()->second == std::nullopt && outcome.replies[1].entries.empty())
      call.writes.clear();
    call.revision = outcome.revision;
    recorder_.end(number, std::move(call));
  }

  void write(Call& call, Transaction& transaction, const std::string& key) {
    if (call.writes.contains(key)) return;
    call.writes[key] = recorder_.new_value();
    transaction.then.push_back(put(key, *call.writes[key]));
  }

  io::Task<bool> committed(std::size_t number, Transaction transaction, Outcome& outcome) {
    transaction.durability = options_.durability;
    Result<Outcome> result = co_await store_.commit(std::move(transaction)).result();
    if (!result) failed(number, result.error());
    else outcome = *std::move(result);
    co_return result.has_value();
  }

  void failed(std::size_t number, const Error& error) {
    recorder_.fail(number, error);
    lost_ = Recorder::is_unknown(error);
  }

  void note(Call& call, const Entry& entry) {
    call.saw.emplace(entry.key(), entry.value());
    known_[std::string(entry.key())] = entry;
  }
  void note(Call& call, const Page& page) {
    std::erase_if(known_, [&](const auto& known) { return call.range->contains(known.first); });
    for (const Entry& entry : page.entries) note(call, entry);
  }

  Store& store_;
  Recorder& recorder_;
  SeededRandom random_;
  RecordOptions options_;
  Known known_;        // as it was last seen here
  bool lost_ = false;  // what its last call did
};

inline io::Task<void> run_recorded(Store& store, Recorder& recorder, std::uint64_t seed,
                                   RecordOptions options) {
  RecordedStrand strand(store, recorder, seed, options);
  co_await strand.run();
}

// Several strands at once; ends when all have ended.
inline io::Task<void> record(Store& store, Recorder& recorder, std::uint64_t seed,
                             RecordOptions options = {}) {
  io::TaskGroup strands(co_await io::this_loop());
  for (int i = 0; i < options.strands; ++i)
    strands.spawn(run_recorded(store, recorder, seed * 1000 + static_cast<std::uint64_t>(i), options));
  co_await strands.join();
}

}  // namespace podo::store
