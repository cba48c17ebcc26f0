#include "cluster/flow_control/flow_control.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/io/combine.h"
#include "base/io/simulated_loop.h"

namespace podo::apiserver {
namespace {

json::Tree parse(std::string_view text) { return *json::Tree::parse(std::string(text)); }

json::Tree level(std::string_view name, int shares, int lendable, std::string_view response) {
  return parse(text(R"({{"metadata":{{"name":"{}","uid":"u-{}"}},"spec":{{"type":"Limited","limited":)"
                    R"({{"nominalConcurrencyShares":{},"lendablePercent":{},"limitResponse":{}}}}}}})",
                    name, name, shares, lendable, response));
}
constexpr std::string_view queue_of_two = R"({"type":"Queue","queuing":{"queueLengthLimit":2}})";

json::Tree schema(std::string_view name, std::string_view level_name, int precedence,
                  std::string_view group) {
  return parse(text(
      R"({{"metadata":{{"name":"{}","uid":"s-{}"}},"spec":{{"matchingPrecedence":{},)"
      R"("priorityLevelConfiguration":{{"name":"{}"}},"distinguisherMethod":{{"type":"ByUser"}},)"
      R"("rules":[{{"subjects":[{{"kind":"Group","group":{{"name":"{}"}}}}],"resourceRules":[{{)"
      R"("verbs":["*"],"apiGroups":["*"],"resources":["*"],"namespaces":["*"],"clusterScope":true}}]}}]}}}})",
      name, name, precedence, level_name, group));
}

const access::Attributes list{.verb = "list", .version = "v1", .resource = "pods", .name_space = "x"};

struct World {
  explicit World(std::size_t seats) : control({.seats = seats, .patience = seconds(5)}) {}
  FlowControl control;
  std::vector<std::string> served;
};

Task<void> serve(World& world, std::string user, std::string group, Duration takes, std::string& outcome) {
  auto seat = co_await world.control.take({.name = user, .groups = {group}}, list).result();
  if (!seat) {
    outcome = seat.error().message();
    co_return;
  }
  world.served.push_back(user);
  co_await io::sleep(takes);
  outcome = "ok";
}

void run(Task<void> task, io::SimulatedLoop& loop) {
  const Result<void> ran = loop.run(std::move(task));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

Task<void> fair(World& world) {
  std::string ignored[20];
  io::TaskGroup group(co_await io::this_loop());
  for (int i = 0; i < 10; ++i) group.spawn(serve(world, "greedy", "g", milliseconds(100), ignored[i]));
  co_await io::sleep(milliseconds(1));
  group.spawn(serve(world, "modest", "g", milliseconds(100), ignored[10]));
  co_await group.join();
  CHECK(world.control.running() == 0);
  CHECK(world.control.waiting() == 0);
  const auto modest = std::find(world.served.begin(), world.served.end(), "modest") - world.served.begin();
  CHECK(modest <= 3);  // two seats were taken already; of the next two, which end together, one is his
}
TEST_CASE("who sends much waits behind himself") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    io::SimulatedLoop loop(seed);
    World world(2);
    run(fair(world), loop);
  }
}

Task<void> bounded(World& world) {
  world.control.put_level(level("low", 100, 0, queue_of_two).root());
  world.control.put_schema(schema("all", "low", 1000, "g").root());
  std::string outcome[6];
  io::TaskGroup group(co_await io::this_loop());
  for (int i = 0; i < 5; ++i) group.spawn(serve(world, "a", "g", seconds(1), outcome[i]));
  co_await io::sleep(milliseconds(1));
  int refused = 0;
  for (const std::string& each : outcome) refused += each == "Too many requests, please try again later.";
  CHECK(refused == 2);                                          // one has the seat, two wait
  group.spawn(serve(world, "b", "g", seconds(1), outcome[5]));  // a queue of its own
  co_await group.join();
  CHECK(outcome[5] == "ok");
}
TEST_CASE("a full queue refuses, and only its own flow") {
  io::SimulatedLoop loop(1);
  World world(1);
  run(bounded(world), loop);
}

Task<void> impatient(World& world) {
  std::string outcome[2];
  io::TaskGroup group(co_await io::this_loop());
  group.spawn(serve(world, "a", "g", seconds(20), outcome[0]));
  group.spawn(serve(world, "a", "g", seconds(20), outcome[1]));
  co_await io::sleep(seconds(6));
  CHECK(outcome[0] + outcome[1] == "Too many requests, please try again later.");
  CHECK(world.control.waiting() == 0);
  group.cancel();
  co_await group.join();
  CHECK(world.control.running() == 0);
}
TEST_CASE("nobody waits for ever, and who is cancelled leaves nothing behind") {
  io::SimulatedLoop loop(1);
  World world(1);
  run(impatient(world), loop);
}

Task<void> cancelled(World& world) {
  std::string outcome[3];
  io::TaskGroup patient(co_await io::this_loop()), gone(co_await io::this_loop());
  patient.spawn(serve(world, "a", "g", seconds(1), outcome[0]));
  co_await io::yield();
  gone.spawn(serve(world, "b", "g", seconds(1), outcome[1]));
  co_await io::sleep(milliseconds(1));
  CHECK(world.control.waiting() == 1);
  gone.cancel();
  co_await gone.join();
  CHECK(world.control.waiting() == 0);
  patient.spawn(serve(world, "c", "g", seconds(1), outcome[2]));
  co_await patient.join();
  CHECK(outcome[2] == "ok");
}
TEST_CASE("a request that is cancelled while it waits gives up its place") {
  io::SimulatedLoop loop(1);
  World world(1);
  run(cancelled(world), loop);
}

Task<void> levels(World& world) {
  world.control.put_level(level("high", 50, 0, queue_of_two).root());
  world.control.put_level(level("low", 50, 100, R"({"type":"Reject"})").root());
  world.control.put_level(parse(R"({"metadata":{"name":"free"},"spec":{"type":"Exempt"}})").root());
  world.control.put_schema(schema("low", "low", 2000, "g").root());
  world.control.put_schema(schema("high", "high", 1000, "important").root());
  world.control.put_schema(schema("free", "free", 1, "system:masters").root());
  std::vector<FlowControl::Seat> seats;
  const access::User many{.name = "m", .groups = {"g"}}, one{.name = "o", .groups = {"important", "g"}};
  const access::User root{.name = "r", .groups = {"system:masters"}};
  for (;;) {
    auto seat = co_await world.control.take(many, list).result();
    if (!seat) break;
    CHECK(seat->schema_uid == "s-low");
    seats.push_back(*std::move(seat));
    REQUIRE(seats.size() < 100);
  }
  const std::size_t of_low = seats.size();
  CHECK(of_low < 10);  // what `high` keeps is not lent
  for (int i = 0; i < 4; ++i) {
    auto seat = co_await world.control.take(one, list).result();
    REQUIRE(seat.has_value());
    CHECK(seat->level_uid == "u-high");
    seats.push_back(*std::move(seat));
  }
  for (int i = 0; i < 50; ++i) seats.push_back(co_await world.control.take(root, list));
  CHECK(world.control.running() == of_low + 4);
  seats.clear();
  CHECK(world.control.running() == 0);
}
TEST_CASE("a level has seats of its own, borrows what others lend, and the exempt need none") {
  io::SimulatedLoop loop(1);
  World world(10);
  run(levels(world), loop);
}

TEST_CASE("schemas match by subject and rule, the lowest precedence first") {
  const FlowSchema by_user = read_flow_schema(schema("s", "l", 7, "devs").root());
  CHECK(by_user.precedence == 7);
  const access::User dev{.name = "d", .groups = {"devs"}}, other{.name = "o"};
  CHECK(by_user.matches(dev, list));
  CHECK_FALSE(by_user.matches(other, list));
  CHECK_FALSE(by_user.matches(dev, {.verb = "get", .path = "/healthz", .is_resource = false}));
  CHECK(by_user.flow_of(dev, list) == "s/d");
  const FlowSchema accounts = read_flow_schema(parse(R"({"metadata":{"name":"a"},"spec":{
    "matchingPrecedence":7,"distinguisherMethod":{"type":"ByNamespace"},"rules":[{
    "subjects":[{"kind":"ServiceAccount","serviceAccount":{"namespace":"kube-system","name":"*"}}],
    "resourceRules":[{"verbs":["list"],"apiGroups":[""],"resources":["pods"],"namespaces":["x"]}],
    "nonResourceRules":[{"verbs":["get"],"nonResourceURLs":["/healthz/*"]}]}]}})")
                                                   .root());
  const access::User account{.name = "system:serviceaccount:kube-system:ttl"};
  CHECK(accounts.matches(account, list));
  CHECK(accounts.matches(account, {.verb = "get", .path = "/healthz/ping", .is_resource = false}));
  CHECK_FALSE(accounts.matches({.name = "system:serviceaccount:x:ttl"}, list));
  CHECK_FALSE(accounts.matches(account, {.verb = "list", .version = "v1", .resource = "pods"}));
  CHECK(accounts.flow_of(account, list) == "a/x");
  CHECK(comes_before(accounts, by_user));
}

}  // namespace
}  // namespace podo::apiserver
