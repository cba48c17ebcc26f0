#include "base/store/testsuite/aftermath.h"

#include <doctest/doctest.h>

#include "base/store/testsuite/workload.h"

namespace podo::store {
namespace {

using enum Aftermath::Stop;

// A store that is right, of which one can say what of it survived.
struct Survivor {
  Aftermath aftermath;
  Model model;                                  // with everything
  std::vector<std::vector<Entry>> held = {{}};  // after each change
  std::vector<Durability> durabilities = {};

  void commit(const Transaction& transaction) {
    std::size_t number = aftermath.ask(transaction);
    Revision before = model.revision();
    aftermath.answer(number, model.apply(transaction, before + 1));
    if (model.revision() == before) return;
    held.push_back(model.lasting());
    durabilities.push_back(transaction.durability);
  }
  void write(std::string key, std::string value, Durability durability = Durability::durable) {
    commit({.then = {put(std::move(key), std::move(value))}, .durability = durability});
  }
  // Whether a later change made the same again, as the erasure of a new key does.
  bool comes_back(std::size_t changes) const {
    for (std::size_t i = changes + 1; i < held.size(); ++i)
      if (difference(held[changes], held[i]).empty()) return true;
    return false;
  }
  // Whether the aftermath believes in a store with what was there after so many changes.
  bool believes(std::size_t changes, Aftermath::Stop stop) const {
    Aftermath asked = aftermath;
    return asked.problem(held[changes], model.revision(), stop).empty();
  }
};

bool believes(Aftermath aftermath, const std::vector<Entry>& found, Revision revision) {
  return aftermath.problem(found, revision, power_cut).empty();
}

Entry entry(std::string key, std::string value, Revision created, Revision modified, std::uint64_t version) {
  return Entry(key, value, {.created = created, .modified = modified, .version = version});
}

}  // namespace

TEST_CASE("of acknowledged transactions the durable ones, and all before them, are there") {
  using enum Durability;
  Survivor store;
  for (Durability durability : {durable, relaxed, durable, relaxed, memory, relaxed})
    store.write(durability == memory ? "m" : "a", text("{}", store.held.size()), durability);
  const bool after_power_cut[] = {false, false, false, true, true, true, true};
  const bool after_kill[] = {false, false, false, false, false, false, true};
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK_EQ(store.believes(i, power_cut), after_power_cut[i]);
    CHECK_EQ(store.believes(i, killed), after_kill[i]);
  }
}

TEST_CASE("what was flushed is there after a power cut") {
  Survivor store;
  store.write("a", "1", Durability::relaxed);
  CHECK(store.believes(0, power_cut));
  store.aftermath.flushed();
  CHECK_FALSE(store.believes(0, power_cut));
  CHECK(store.believes(1, power_cut));
}

TEST_CASE("revisions that were shown are not given again") {
  Survivor store;
  store.write("a", "1");
  store.write("m", "1", Durability::memory);
  CHECK_FALSE(believes(store.aftermath, store.held[1], 2));
  CHECK(believes(store.aftermath, store.held[1], 3));
  store.aftermath.show(10);
  CHECK_FALSE(believes(store.aftermath, store.held[1], 9));
}

TEST_CASE("half a transaction, another value, another stamp, another key are refused") {
  Survivor store;
  store.write("a", "1", Durability::relaxed);
  store.commit({.then = {put("a", "2"), put("b", "3")}, .durability = Durability::relaxed});
  CHECK(believes(store.aftermath, {entry("a", "2", 2, 3, 2), entry("b", "3", 3, 3, 1)}, 3));
  CHECK_FALSE(believes(store.aftermath, {entry("a", "1", 2, 2, 1), entry("b", "3", 3, 3, 1)}, 3));
  CHECK_FALSE(believes(store.aftermath, {entry("a", "2", 2, 3, 2)}, 3));
  CHECK_FALSE(believes(store.aftermath, {entry("a", "2", 2, 3, 2), entry("b", "?", 3, 3, 1)}, 3));
  CHECK_FALSE(believes(store.aftermath, {entry("a", "2", 2, 3, 1), entry("b", "3", 3, 3, 1)}, 3));
  CHECK_FALSE(believes(store.aftermath,
                       {entry("a", "2", 2, 3, 2), entry("b", "3", 3, 3, 1), entry("c", "", 3, 3, 1)}, 3));
}

TEST_CASE("a hole is refused: the later is not there without the earlier") {
  Survivor store;
  store.write("a", "1", Durability::relaxed);
  store.write("b", "2", Durability::relaxed);
  CHECK(believes(store.aftermath, {entry("a", "1", 2, 2, 1)}, 3));
  CHECK_FALSE(believes(store.aftermath, {entry("b", "2", 3, 3, 1)}, 3));
}

TEST_CASE("what was never answered is there wholly or not at all") {
  Survivor store;
  store.write("a", "1");
  store.aftermath.ask({.then = {put("b", "2"), put("c", "3")}});
  store.aftermath.ask(
      {.conditions = {present("b")}, .then = {put("d", "4")}, .otherwise = {erase(Range::key("a"))}});
  const Entry a = entry("a", "1", 2, 2, 1), b = entry("b", "2", 3, 3, 1), c = entry("c", "3", 3, 3, 1);
  CHECK(believes(store.aftermath, {a}, 2));
  CHECK(believes(store.aftermath, {a, b, c}, 3));
  CHECK(believes(store.aftermath, {a, b, c, entry("d", "4", 4, 4, 1)}, 4));
  CHECK(believes(store.aftermath, {}, 3));
  CHECK_FALSE(believes(store.aftermath, {a, b}, 3));
  CHECK_FALSE(believes(store.aftermath, {b, c}, 3));  // the second erases only when the first never came
  CHECK_FALSE(believes(store.aftermath, {a, entry("d", "4", 3, 3, 1)}, 3));
}

TEST_CASE("what was never answered stands where its revision says, under later answers") {
  Survivor store;
  store.write("a", "1");
  Transaction unknown{.then = {put("b", "2")}};
  store.aftermath.ask(unknown);
  Model with = store.model;
  with.apply(unknown, 3);
  Transaction next{.then = {put("b", "3"), read(Range::prefix(""))}};
  Aftermath saw_it = store.aftermath, missed_it = store.aftermath;
  Outcome after_it = with.apply(next, 4), alone = Model(store.model).apply(next, 3);
  saw_it.answer(saw_it.ask(next), after_it);
  missed_it.answer(missed_it.ask(next), alone);
  const Entry a = entry("a", "1", 2, 2, 1);
  CHECK(believes(saw_it, {a, entry("b", "3", 3, 4, 2)}, 4));
  CHECK_FALSE(believes(saw_it, {a, entry("b", "3", 4, 4, 1)}, 4));
  CHECK(believes(missed_it, {a, entry("b", "3", 3, 3, 1)}, 3));
  CHECK_FALSE(believes(missed_it, {a, entry("b", "2", 3, 3, 1)}, 3));
}

TEST_CASE("what was refused is not there; what failed with the disk may be") {
  Survivor store;
  std::size_t refused = store.aftermath.ask({.then = {put("a", "1")}});
  store.aftermath.answer(refused, exhausted("full"));
  std::size_t failed = store.aftermath.ask({.then = {put("b", "2")}});
  store.aftermath.answer(failed, unavailable("the disk"));
  CHECK(believes(store.aftermath, {}, 1));
  CHECK(believes(store.aftermath, {entry("b", "2", 2, 2, 1)}, 2));
  CHECK_FALSE(believes(store.aftermath, {entry("a", "1", 2, 2, 1)}, 2));
}

TEST_CASE("long histories, stopped anywhere, are believed; and so is what follows") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    Workload workload(seed);
    Survivor store;
    for (int stops = 0; stops < 4; ++stops) {
      for (std::uint64_t i = 0; i < 30; ++i) store.commit(workload.next());
      std::size_t least = store.durabilities.size();
      while (least > 0 && store.durabilities[least - 1] != Durability::durable) --least;
      if (least > 0 && !store.comes_back(least - 1)) CHECK_FALSE(store.believes(least - 1, power_cut));
      std::size_t survived = least + workload.random().below(store.held.size() - least);
      const std::vector<Entry> found = store.held[survived];
      const Revision revision = store.model.revision() + workload.random().below(100);
      CHECK_EQ(store.aftermath.problem(found, revision, power_cut), "");
      store.model.begin_at(found, revision);
      store.held = {found};
      store.durabilities.clear();
    }
  }
}

}  // namespace podo::store
