#include "base/store/testsuite/linearizability.h"

#include <doctest/doctest.h>

#include "base/io/simulated_loop.h"
#include "base/store/memory_store.h"
#include "base/store/testsuite/recorder.h"
#include "base/store/testsuite/revision_order.h"

namespace podo::store {
namespace {

using Calls = std::vector<Call>;

Call wrote(Instant began, Instant ended, std::string key, std::string value) {
  return {.began = began, .ended = ended, .certain = true, .writes = {{std::move(key), std::move(value)}}};
}
Call erased(Instant began, Instant ended, std::string key) {
  return {.began = began, .ended = ended, .certain = true, .writes = {{std::move(key), std::nullopt}}};
}
Call saw(Instant began, Instant ended, Contents contents) {  // of all keys
  return {.began = began,
          .ended = ended,
          .certain = true,
          .range = Range::prefix(""),
          .saw = std::move(contents)};
}
Call swapped(Instant began, Instant ended, std::string key, std::optional<std::string> from, std::string to) {
  Call call = wrote(began, ended, key, std::move(to));
  call.expects[key] = std::move(from);
  return call;
}
Call refused(Call swap) {
  swap.met = false;
  return swap;
}
Call perhaps(Call call, Instant ended = never) {
  call.certain = false;
  call.ended = ended;
  return call;
}
Call at(Revision revision, Call call) {
  call.revision = revision;
  return call;
}

bool linearizable(const Calls& history) { return linearizability_problem(history).empty(); }
bool in_revision_order(const Calls& history) { return revision_problem(history).empty(); }

// A store with a defect, so that the judges can show that they see it.
class Defective final : public Store {
 public:
  enum class Defect : std::uint8_t { reads_the_past, forgets_conditions, writes_in_two_steps };
  Defective(std::unique_ptr<Store> store, Defect defect) : store_(std::move(store)), defect_(defect) {}

  Task<std::optional<Entry>> find(std::string key, Revision at) override {
    co_return co_await store_->find(std::move(key), co_await past(at));
  }
  Task<Page> range(Range range, std::size_t limit, Revision at) override {
    Revision then = co_await past(at);
    Page page = co_await store_->range(std::move(range), limit, then);
    if (then != 0) page.revision = then;
    co_return std::move(page);
  }
  Task<Outcome> commit(Transaction transaction) override {
    if (defect_ == Defect::forgets_conditions && ++calls_ % 5 == 0) transaction.conditions.clear();
    const bool splits = defect_ == Defect::writes_in_two_steps && transaction.then.size() > 2;
    if (!splits) co_return co_await store_->commit(std::move(transaction));
    Transaction second = transaction;
    transaction.then.pop_back();
    second.then.erase(second.then.begin(), second.then.end() - 1);
    Outcome outcome = co_await store_->commit(std::move(transaction));
    co_await io::sleep(microseconds(100));
    outcome.revision = (co_await store_->commit(std::move(second))).revision;
    co_return std::move(outcome);
  }
  Task<std::uint64_t> count(Range range, Revision at) override { return store_->count(std::move(range), at); }
  Task<std::unique_ptr<Watch>> watch(Range range, Revision from) override {
    return store_->watch(std::move(range), from);
  }
  Task<void> compact(Revision oldest) override { return store_->compact(oldest); }
  Task<Status> status() override { return store_->status(); }
  Task<LeaseId> grant(Duration time_to_live, LeaseId id) override { return store_->grant(time_to_live, id); }
  Task<Lease> keep_alive(LeaseId id) override { return store_->keep_alive(id); }
  Task<Lease> lease(LeaseId id) override { return store_->lease(id); }
  Task<void> revoke(LeaseId id) override { return store_->revoke(id); }
  Task<void> flush() override { return store_->flush(); }
  Task<void> close() override { return store_->close(); }

 private:
  Task<Revision> past(Revision at) {
    const bool lies = defect_ == Defect::reads_the_past && at == 0 && ++calls_ % 7 == 0;
    Revision newest = (co_await store_->status()).revision;
    co_return lies&& newest > 3 ? newest - 2 : at;
  }

  std::unique_ptr<Store> store_;
  Defect defect_;
  int calls_ = 0;
};

Calls recorded(std::uint64_t seed, const RecordOptions& options,
                 std::optional<Defective::Defect> defect = {}) {
  io::SimulatedLoop loop(seed);
  SeededRandom random(seed);
  std::unique_ptr<Store> store = make_memory_store(loop, random);
  if (defect) store = std::make_unique<Defective>(std::move(store), *defect);
  Recorder recorder;
  Result<void> ran = loop.run(record(*store, recorder, seed, options));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  return recorder.calls();
}

}  // namespace

TEST_CASE("calls one after another are explained by what they did") {
  CHECK(linearizable({}));
  CHECK(linearizable({wrote(1, 2, "a", "1"), saw(3, 4, {{"a", "1"}}), erased(5, 6, "a"), saw(7, 8, {})}));
  CHECK(linearizable({swapped(1, 2, "a", {}, "1"), swapped(3, 4, "a", "1", "2"), saw(5, 6, {{"a", "2"}})}));
  CHECK(
      linearizable({wrote(1, 2, "a", "1"), refused(swapped(3, 4, "a", "0", "2")), saw(5, 6, {{"a", "1"}})}));
}

TEST_CASE("calls at the same time are explained in either order") {
  for (const char* last : {"1", "2"})
    CHECK(linearizable({wrote(1, 5, "a", "1"), wrote(2, 4, "a", "2"), saw(6, 7, {{"a", last}})}));
  CHECK(linearizable({wrote(1, 10, "a", "1"), saw(2, 3, {}), saw(4, 5, {{"a", "1"}})}));
  CHECK(linearizable({wrote(1, 10, "a", "1"), saw(2, 3, {{"a", "1"}}), saw(4, 5, {{"a", "1"}})}));
}

TEST_CASE("a stale read is refused") {
  CHECK_FALSE(linearizable({wrote(1, 2, "a", "1"), wrote(3, 4, "a", "2"), saw(5, 6, {{"a", "1"}})}));
  CHECK_FALSE(linearizable({wrote(1, 2, "a", "1"), saw(3, 4, {})}));
  CHECK_FALSE(linearizable({wrote(1, 2, "a", "1"), erased(3, 4, "a"), saw(5, 6, {{"a", "1"}})}));
}

TEST_CASE("reads that go back are refused, whoever reads") {
  CHECK_FALSE(linearizable({wrote(1, 10, "a", "1"), saw(2, 3, {{"a", "1"}}), saw(4, 5, {})}));
  CHECK_FALSE(linearizable(
      {wrote(1, 10, "a", "1"), wrote(1, 10, "b", "1"), saw(2, 3, {{"a", "1"}}), saw(4, 5, {{"b", "1"}})}));
}

TEST_CASE("two that saw one order and its contrary are refused") {
  CHECK_FALSE(linearizable(
      {wrote(1, 10, "a", "1"), wrote(1, 10, "b", "1"), saw(2, 9, {{"a", "1"}}), saw(2, 9, {{"b", "1"}})}));
}

TEST_CASE("a lost update is refused") {
  CHECK_FALSE(
      linearizable({wrote(1, 2, "a", "0"), swapped(3, 10, "a", "0", "1"), swapped(4, 9, "a", "0", "2")}));
  CHECK(linearizable(
      {wrote(1, 2, "a", "0"), swapped(3, 10, "a", "0", "1"), refused(swapped(4, 9, "a", "0", "2"))}));
  CHECK_FALSE(linearizable({wrote(1, 2, "a", "0"), refused(swapped(3, 4, "a", "0", "1"))}));
}

TEST_CASE("a dirty read is refused") {
  CHECK_FALSE(linearizable({refused(swapped(1, 10, "a", "x", "1")), saw(2, 3, {{"a", "1"}})}));
  CHECK_FALSE(linearizable({saw(1, 2, {{"a", "1"}}), wrote(3, 4, "a", "1")}));
  CHECK_FALSE(linearizable({saw(1, 2, {{"a", "of nobody"}})}));
}

TEST_CASE("half a transaction is refused") {
  Call both = wrote(1, 10, "a", "1");
  both.writes["b"] = "1";
  CHECK(linearizable({both, saw(2, 3, {}), saw(4, 5, {{"a", "1"}, {"b", "1"}})}));
  CHECK_FALSE(linearizable({both, saw(2, 3, {{"a", "1"}})}));
}

TEST_CASE("what is unknown may have happened at any time of its span, or never") {
  Calls history = {wrote(1, 2, "a", "1"), perhaps(wrote(3, 0, "a", "2"))};
  auto followed_by = [&](Calls rest) {
    rest.insert(rest.begin(), history.begin(), history.end());
    return linearizable(rest);
  };
  CHECK(followed_by({saw(5, 6, {{"a", "1"}})}));
  CHECK(followed_by({saw(5, 6, {{"a", "2"}})}));
  CHECK(followed_by({saw(5, 6, {{"a", "1"}}), saw(7, 8, {{"a", "2"}})}));
  CHECK_FALSE(followed_by({saw(5, 6, {{"a", "2"}}), saw(7, 8, {{"a", "1"}})}));
  CHECK_FALSE(linearizable({perhaps(wrote(3, 0, "a", "2")), saw(1, 2, {{"a", "2"}})}));
  history[1].ended = 6;  // a crash at 6 ends it
  CHECK(followed_by({saw(7, 8, {{"a", "2"}})}));
  CHECK_FALSE(followed_by({saw(7, 8, {{"a", "1"}}), saw(9, 10, {{"a", "2"}})}));
  history[1] = perhaps(swapped(3, 0, "a", "0", "2"));  // it would have been refused
  CHECK_FALSE(followed_by({saw(7, 8, {{"a", "2"}})}));
}

TEST_CASE("revisions must be an order that explains the calls, in real time") {
  CHECK(in_revision_order(
      {at(3, wrote(1, 5, "a", "1")), at(2, wrote(2, 4, "a", "2")), at(3, saw(6, 7, {{"a", "1"}}))}));
  CHECK_FALSE(in_revision_order(
      {at(2, wrote(1, 5, "a", "1")), at(3, wrote(2, 4, "a", "2")), at(3, saw(6, 7, {{"a", "1"}}))}));
  CHECK_FALSE(in_revision_order({at(2, wrote(1, 2, "a", "1")), at(2, wrote(3, 4, "b", "1"))}));
  CHECK_FALSE(in_revision_order({at(3, wrote(1, 2, "a", "1")), at(2, wrote(3, 4, "b", "1"))}));
  CHECK_FALSE(in_revision_order({at(2, wrote(1, 2, "a", "1")), at(1, saw(3, 4, {}))}));
  CHECK(in_revision_order({at(2, wrote(1, 4, "a", "1")), at(1, saw(2, 3, {}))}));
  CHECK(in_revision_order(
      {at(2, wrote(1, 2, "a", "1")), perhaps(wrote(3, 0, "a", "2")), at(3, saw(4, 5, {{"a", "2"}}))}));
}

TEST_CASE("concurrent histories of the memory store are linearizable, in the order of its revisions") {
  std::size_t changes = 0, refusals = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Calls history = recorded(seed, {.strands = 4 + static_cast<int>(seed % 5)});
    CHECK_EQ(linearizability_problem(history), "");
    CHECK_EQ(revision_problem(history), "");
    for (const Call& call : history) changes += call.changes(), refusals += !call.met;
  }
  CHECK_GT(changes, 5'000);
  CHECK_GT(refusals, 1'000);
}

TEST_CASE("the defects of a store are seen in its histories") {
  using enum Defective::Defect;
  for (Defective::Defect defect : {reads_the_past, forgets_conditions, writes_in_two_steps}) {
    CAPTURE(static_cast<int>(defect));
    int by_search = 0, by_revision = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Calls history = recorded(seed, {}, defect);
      by_search += !linearizable(history);
      by_revision += !in_revision_order(history);
    }
    CHECK_GE(by_search, 18);
    CHECK_GE(by_revision, 18);
  }
}

}  // namespace podo::store
