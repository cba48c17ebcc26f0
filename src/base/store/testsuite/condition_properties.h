// Properties of Store: what conditions compare, and which operations they choose.
#pragma once

#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline Task<bool> holds(StoreWorld& world, Condition condition) {
  Transaction question{.conditions = {std::move(condition)}};
  co_return (co_await world.store->commit(std::move(question))).met;
}

// The relations that hold between a key's number and `number`: "=", "!<", "!>".
inline Task<std::string> relations_to(StoreWorld& world, std::string key, Condition::Field field,
                                      std::uint64_t number, std::string value = {}) {
  using enum Condition::Relation;
  std::string out;
  for (auto [relation, sign] : {std::pair(equal, '='), {not_equal, '!'}, {less, '<'}, {greater, '>'}})
    if (co_await holds(world, {key, field, relation, number, value})) out += sign;
  co_return out;
}

inline Task<void> numbers_are_compared(StoreWorld& world) {
  using enum Condition::Field;
  LeaseId owner = co_await world.store->grant(seconds(1000));
  Revision first = co_await write(*world.store, "a", "1");
  Revision second = (co_await commit(world, {put("a", "2", owner)})).revision;
  const std::pair<Condition::Field, std::uint64_t> fields[] = {
      {version, 2}, {created, first}, {modified, second}, {lease, owner}};
  for (auto [field, number] : fields) {
    CHECK_EQ(co_await relations_to(world, "a", field, number), "=");
    CHECK_EQ(co_await relations_to(world, "a", field, number + 1), "!<");
    CHECK_EQ(co_await relations_to(world, "a", field, number - 1), "!>");
    CHECK_EQ(co_await relations_to(world, "a", field, UINT64_MAX), "!<");
  }
}

inline Task<void> an_absent_key_has_zero_everywhere(StoreWorld& world) {
  using enum Condition::Field;
  co_await write(*world.store, "erased", "1");
  co_await remove(*world.store, Range::key("erased"));
  for (const char* key : {"never", "erased"})
    for (Condition::Field field : {version, created, modified, lease}) {
      CHECK_EQ(co_await relations_to(world, key, field, 0), "=");
      CHECK_EQ(co_await relations_to(world, key, field, 1), "!<");
    }
}

inline Task<void> values_are_compared_as_unsigned_bytes(StoreWorld& world) {
  co_await write(*world.store, "a", "m\x80");
  auto against = [&](std::string value) {
    return relations_to(world, "a", Condition::Field::value, 0, std::move(value));
  };
  CHECK_EQ(co_await against("m\x80"), "=");
  CHECK_EQ(co_await against("m\x7f"), "!>");
  CHECK_EQ(co_await against("m\x81"), "!<");
  CHECK_EQ(co_await against("m"), "!>");
  CHECK_EQ(co_await against(std::string("m\x80\0", 3)), "!<");
  CHECK_EQ(co_await against(""), "!>");
}

inline Task<void> an_absent_key_has_no_value_to_compare(StoreWorld& world) {
  for (const char* value : {"", "x"})
    CHECK_EQ(co_await relations_to(world, "never", Condition::Field::value, 0, value), "");
  co_await write(*world.store, "empty", "");
  CHECK_EQ(co_await relations_to(world, "empty", Condition::Field::value, 0, ""), "=");
}

inline Task<void> the_usual_conditions_mean_what_they_say(StoreWorld& world) {
  Revision one = co_await write(*world.store, "a", "1");
  CHECK(co_await holds(world, present("a")));
  CHECK_FALSE(co_await holds(world, absent("a")));
  CHECK(co_await holds(world, unchanged_since("a", one)));
  co_await write(*world.store, "a", "1");  // the same value, and yet a change
  CHECK_FALSE(co_await holds(world, unchanged_since("a", one)));
  CHECK(co_await holds(world, absent("b")));
  CHECK_FALSE(co_await holds(world, present("b")));
}

inline Task<void> all_conditions_must_hold(StoreWorld& world) {
  co_await write(*world.store, "a", "1");
  Transaction mixed{.conditions = {present("a"), present("b")},
                    .then = {put("then", "1")},
                    .otherwise = {put("otherwise", "1")}};
  CHECK_FALSE((co_await world.store->commit(mixed)).met);
  mixed.conditions.pop_back();
  CHECK((co_await world.store->commit(mixed)).met);
  CHECK_EQ(co_await contents(world), "a=1 otherwise=1 then=1");
}

inline Task<void> otherwise_is_a_transaction_too(StoreWorld& world) {
  Transaction claim{.conditions = {absent("name")},
                    .then = {put("name", "mine")},
                    .otherwise = {put("tries", "1"), read(Range::key("name"))}};
  Outcome won = co_await world.store->commit(claim);
  CHECK(won.met);
  CHECK_EQ(won.replies.size(), 1);
  Outcome lost = co_await world.store->commit(claim);
  CHECK_FALSE(lost.met);
  CHECK_EQ(lost.revision, won.revision + 1);
  co_await must(lost.replies.size() == 2, "a reply for each operation");
  CHECK_EQ(shown(lost.replies[1]), "name=mine");
  CHECK_EQ(co_await contents(world), "name=mine tries=1");
}

inline Task<void> conditions_look_at_the_state_before(StoreWorld& world) {
  Transaction move{.conditions = {absent("a")}, .then = {put("a", "1"), read(Range::key("a"))}};
  Outcome outcome = co_await world.store->commit(move);
  CHECK(outcome.met);
  CHECK_EQ(shown(outcome.replies[1]), "a=1");
}

inline void verify_conditions(const RunProperty& run) {
  SUBCASE("numbers are compared") { run(numbers_are_compared, {}); }
  SUBCASE("an absent key has 0 everywhere") { run(an_absent_key_has_zero_everywhere, {}); }
  SUBCASE("values are compared as unsigned bytes") { run(values_are_compared_as_unsigned_bytes, {}); }
  SUBCASE("an absent key has no value to compare") { run(an_absent_key_has_no_value_to_compare, {}); }
  SUBCASE("the usual conditions mean what they say") { run(the_usual_conditions_mean_what_they_say, {}); }
  SUBCASE("all conditions must hold") { run(all_conditions_must_hold, {}); }
  SUBCASE("otherwise is a transaction, too") { run(otherwise_is_a_transaction_too, {}); }
  SUBCASE("conditions look at the state before") { run(conditions_look_at_the_state_before, {}); }
}

}  // namespace podo::store
