#include "base/store/history.h"

#include <doctest/doctest.h>

#include "base/store/testsuite/model.h"
#include "base/store/testsuite/timeline.h"
#include "base/store/testsuite/workload.h"

namespace podo::store {
namespace {

constexpr std::uint64_t no_budget = UINT64_MAX;

Revision change(History& history, std::vector<Operation> then) {
  Result<Staged> staged = history.stage({.then = std::move(then)}, {});
  REQUIRE(staged.has_value());
  return staged->outcome.revision;
}
Revision show(History& history, std::vector<Operation> then) {
  Revision revision = change(history, std::move(then));
  history.show(revision);
  return revision;
}

std::string contents(History& history, Revision at = 0) {
  Result<Page> page = history.range(Range::prefix(""), 0, at);
  if (!page) return std::string(name_of(page.error().kind()));
  std::string out;
  for (const Entry& entry : page->entries)
    out += text("{}{}={}", out.empty() ? "" : " ", entry.key(), entry.value());
  return out;
}

// Every readable revision is as the model knows it.
void compare(History& history, const Model& model, Random& random) {
  for (int i = 0; i < 5; ++i) {
    Revision at = history.oldest() + random.below(history.shown() - history.oldest() + 1);
    Result<Page> page = history.range(Range::prefix(""), 0, at);
    REQUIRE(page.has_value());
    REQUIRE(difference(model.range(Range::prefix(""), 0, at).entries, page->entries) == "");
  }
  std::vector<Event> events;
  for (std::uint64_t i = history.first_event(); i < history.end_of_events(); ++i)
    events.push_back({.entry = history.event(i).entry, .previous = history.event(i).previous});
  if (!events.empty())
    REQUIRE(difference(model.events(Range::prefix(""), events.front().entry.modified()), events) == "");
}

// What reading a log does with the changes of `from`.
void replay(const History& from, History& into) {
  Revision last = 0;
  for (std::uint64_t i = from.first_event(); i < from.end_of_events(); ++i) {
    const Entry& entry = from.event(i).entry;
    if (last != 0 && entry.modified() != last) into.show(last);
    last = entry.modified();
    into.replay({.key = entry.key(),
                 .value = entry.value(),
                 .erased = entry.erased(),
                 .stamp = {.modified = entry.modified()}});
  }
  into.show(last);
}

}  // namespace

TEST_CASE("what is staged is seen by conditions and not by readers, until it is shown") {
  History history(no_budget);
  Revision first = change(history, {put("a", "1")});
  Result<Staged> second = history.stage({.conditions = {present("a")}, .then = {put("b", "2")}}, {});
  REQUIRE(second.has_value());
  CHECK(second->outcome.met);
  CHECK(contents(history) == "");
  history.show(first);
  CHECK(contents(history) == "a=1");
  CHECK(contents(history, first + 1) == "invalid");
  history.show(second->outcome.revision);
  CHECK(contents(history) == "a=1 b=2");
}

TEST_CASE("what is rolled back has never been there") {
  History history(no_budget);
  show(history, {put("a", "1"), put("b", "1")});
  Status before = history.status();
  Revision tip = change(history, {put("a", "2"), erase(Range::key("b")), put("c", "2")});
  change(history, {put("b", "3"), erase(Range::key("a"))});
  change(history, {put("a", "4"), erase(Range::prefix("c"))});
  history.roll_back();
  CHECK(history.tip() == history.shown());
  CHECK(contents(history) == "a=1 b=1");
  CHECK(history.status().entries == before.entries);
  CHECK(history.status().bytes == before.bytes);
  CHECK(show(history, {put("b", "5")}) == tip);
  Result<Entry> b = history.find("b", 0);
  REQUIRE(b.has_value());
  CHECK(b->version() == 2);
  CHECK(contents(history) == "a=1 b=5");
}

TEST_CASE("a part of what is staged can be shown, and the rest rolled back") {
  History history(no_budget);
  Revision first = change(history, {put("a", "1")});
  change(history, {put("a", "2"), put("b", "2")});
  history.show(first);
  history.roll_back();
  CHECK(contents(history) == "a=1");
  CHECK(history.status().entries == 1);
}

TEST_CASE("a key that is erased and made again has two lives") {
  History history(no_budget);
  Revision first = show(history, {put("a", "1")});
  Revision gone = show(history, {erase(Range::key("a"))});
  Revision second = show(history, {put("a", "2")});
  CHECK(contents(history, first) == "a=1");
  CHECK(contents(history, gone) == "");
  CHECK(contents(history) == "a=2");
  Entry entry = *history.find("a", 0);
  CHECK(entry.created() == second);
  CHECK(entry.version() == 1);
  CHECK(!history.event(history.end_of_events() - 1).previous);
  REQUIRE(history.compact(gone).has_value());
  CHECK(contents(history, gone) == "");
  CHECK(contents(history) == "a=2");
  REQUIRE(history.compact(second).has_value());
  CHECK(contents(history) == "a=2");
}

TEST_CASE("erased keys leave no trace when their history is gone") {
  History history(no_budget);
  for (int i = 0; i < 100; ++i) show(history, {put(text("{}", i), "value")});
  show(history, {erase(Range::prefix(""))});
  CHECK(history.status().history_bytes > 0);
  REQUIRE(history.compact(history.shown()).has_value());
  Status status = history.status();
  CHECK(status.entries == 0);
  CHECK(status.bytes == 0);
  CHECK(status.history_bytes == 0);
  CHECK(history.first_event() == history.end_of_events());
}

TEST_CASE("history beyond the budget goes, oldest first and whole transactions") {
  constexpr std::uint64_t budget = 20'000;
  History history(budget);
  Model model;
  SeededRandom random(5);
  for (int i = 0; i < 500; ++i) {
    Transaction transaction{.then = {put("a", std::string(random.below(300), 'a')),
                                     put(text("b{}", random.below(5)), text("{}", i))}};
    model.apply(transaction, history.tip() + 1);
    show(history, std::move(transaction.then));
    REQUIRE(history.status().history_bytes <= budget + 1000);  // the newest change is always there
    compare(history, model, random);
  }
  CHECK(history.oldest() > 100);
  CHECK(contents(history, history.oldest() - 1) == "not found");
}

TEST_CASE("nothing is forgotten beyond a pin, and all of it when the pin goes") {
  History history(no_budget);
  Revision first = show(history, {put("a", "1")});
  Revision pinned = show(history, {put("a", "2")});
  {
    History::Pin pin(history, pinned);
    History::Pin later(history, show(history, {put("a", "3")}));
    show(history, {erase(Range::key("a"))});
    REQUIRE(history.compact(history.shown()).has_value());
    CHECK(contents(history, first) == "not found");
    CHECK(contents(history, pinned) == "a=2");
  }
  CHECK(contents(history, pinned) == "not found");
  CHECK(history.oldest() == history.shown());
}

TEST_CASE("a compacted revision can be compacted again, an older one or one of the future cannot") {
  History history(no_budget);
  for (int i = 0; i < 5; ++i) show(history, {put("a", "")});
  REQUIRE(history.compact(4).has_value());
  CHECK(history.compact(4).has_value());
  CHECK(history.compact(3).error().kind() == ErrorKind::not_found);
  CHECK(history.compact(7).error().kind() == ErrorKind::invalid);
  CHECK(history.oldest() == 4);
}

TEST_CASE("random histories, with what is rolled back among them, are the model's") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Workload workload(seed, {.keys = 8, .large_bytes = 500});
    Random& random = workload.random();
    History history(random.below(2) == 0 ? no_budget : 5000);
    Model shown, staged;
    std::vector<std::pair<Transaction, Revision>> waiting;
    for (int i = 0; i < 400; ++i) {
      Transaction transaction = workload.next();
      const Revision next = history.tip() + 1;
      Outcome expected = staged.apply(transaction, next);
      Result<Staged> found = history.stage(transaction, {});
      REQUIRE(found.has_value());
      REQUIRE(difference(expected, found->outcome) == "");
      if (!found->changes.empty()) waiting.emplace_back(std::move(transaction), next);
      if (random.below(3) != 0 || waiting.empty()) continue;
      std::size_t count = random.below(waiting.size() + 1);
      for (std::size_t k = 0; k < count; ++k) shown.apply(waiting[k].first, waiting[k].second);
      if (count > 0) history.show(waiting[count - 1].second);
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
      compare(history, shown, random);
      if (random.below(4) != 0) continue;
      history.roll_back();
      waiting.clear();
      staged = shown;
      REQUIRE(history.tip() == history.shown());
    }
  }
}

TEST_CASE("a replayed history equals the one it was written from") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Workload workload(seed, {.keys = 8, .memory_percent = 0});
    History history(no_budget), again(no_budget);
    Model model;
    for (int i = 0; i < 200; ++i) {
      Transaction transaction = workload.next();
      model.apply(transaction, history.tip() + 1);
      REQUIRE(history.stage(transaction, {}).has_value());
      history.show(history.tip());
    }
    replay(history, again);
    CHECK(again.shown() == history.shown());
    CHECK(again.status().entries == history.status().entries);
    CHECK(again.status().bytes == history.status().bytes);
    CHECK(again.status().history_bytes == history.status().history_bytes);
    compare(again, model, workload.random());
  }
}

TEST_CASE("a history goes on from loaded entries, and over revisions that nothing has") {
  History history(no_budget);
  history.load(Entry("a", "1", {.created = 3, .modified = 8, .version = 4}));
  history.load(Entry("b", "2", {.created = 5, .modified = 5, .version = 1}));
  history.begin_at(10);
  CHECK(history.oldest() == 10);
  CHECK(history.status().entries == 2);
  CHECK(contents(history, 9) == "not found");
  history.skip_to(20);
  CHECK(contents(history, 15) == "a=1 b=2");
  history.replay({.key = "a", .value = "9", .stamp = {.modified = 21}});
  history.replay({.key = "b", .value = "", .erased = true, .stamp = {.modified = 21}});
  history.replay({.key = "c", .value = "3", .stamp = {.created = 4, .modified = 21, .version = 7}});
  history.show(21);
  CHECK(contents(history) == "a=9 c=3");
  CHECK(contents(history, 20) == "a=1 b=2");
  CHECK(history.find("a", 0)->stamp() == Stamp{.created = 3, .modified = 21, .version = 5});
  CHECK(history.find("c", 0)->stamp() == Stamp{.created = 4, .modified = 21, .version = 7});
  CHECK(show(history, {put("b", "4")}) == 22);
  CHECK(history.find("b", 0)->version() == 1);
}

// Until what came before lies where the past does.
void pass(History& history) {
  for (int i = 0; i < 300; ++i) show(history, {put("z", text("{}", i))});
}
bool is_past(const Entry& entry) { return entry.block()->place != 0; }

TEST_CASE("what is no longer the newest version lies with the past, in one copy for all who ask for it") {
  History history(no_budget);
  show(history, {put("a", "1")});
  show(history, {put("a", "2"), put("b", "1"), put("c", "1")});
  show(history, {erase(Range::key("a"))});
  show(history, {put("a", "3")});
  show(history, {erase(Range::key("c"))});
  CHECK_FALSE(is_past(history.event(0).entry));
  pass(history);
  CHECK(is_past(history.event(0).entry));
  CHECK(history.event(0).entry.block() == history.event(1).previous.block());
  CHECK(is_past(history.event(1).entry));
  CHECK(history.event(1).entry.block() == history.event(4).previous.block());
  CHECK(is_past(history.event(4).entry));        // an erasure that was followed by another change,
  CHECK(is_past(history.event(6).entry));        // and one that was not
  CHECK_FALSE(is_past(history.event(2).entry));  // b is as it was
  CHECK_FALSE(is_past(history.event(5).entry));
  CHECK(contents(history, 2) == "a=1");
  CHECK(contents(history, 3) == "a=2 b=1 c=1");
  CHECK(contents(history, 4) == "b=1 c=1");
  CHECK(contents(history, 6) == "a=3 b=1");
}

TEST_CASE("who holds a version keeps it where it was when it becomes the past") {
  History history(no_budget);
  show(history, {put("a", "1")});
  const Entry held = *history.find("a", 0);
  show(history, {put("a", "2")});
  pass(history);
  CHECK_FALSE(is_past(held));
  CHECK(held.value() == "1");
  CHECK(is_past(history.event(0).entry));
  CHECK(contents(history, 2) == "a=1");
}

TEST_CASE(
    "a change that is staged goes back to what it stands on when it is taken back, wherever that lies") {
  History history(no_budget);
  show(history, {put("a", "1")});
  show(history, {put("a", "2")});
  show(history, {erase(Range::key("b")), put("c", "1")});
  show(history, {erase(Range::key("c"))});
  change(history, {put("a", "3")});
  change(history, {put("c", "2")});
  history.roll_back();
  pass(history);
  change(history, {put("c", "3"), erase(Range::key("a"))});
  history.roll_back();
  CHECK(contents(history, 2) == "a=1");
  CHECK(contents(history, 5) == "a=2");
  CHECK(history.find("a", 0)->value() == "2");
  CHECK_FALSE(*history.find("c", 0));
}

}  // namespace podo::store
