#include "cluster/endpoints/zone_hints.h"

#include <doctest/doctest.h>

#include <memory>

namespace podo::controllers {
namespace {

using Zones = std::vector<std::string_view>;

struct Machine {
  std::string zone;
  std::int64_t cpus = 0;
  std::string ready = "True", role = "";
};

ZoneShares shares(const std::vector<Machine>& machines) {
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<const Node*> all;
  for (const Machine& machine : machines) {
    auto& node = nodes.emplace_back(std::make_unique<Node>());
    node->zone = machine.zone;
    node->cpu_milli = machine.cpus * 1000;
    node->ready = machine.ready;
    if (!machine.role.empty()) node->labels = {{"node-role.kubernetes.io/" + machine.role, ""}};
    all.push_back(node.get());
  }
  return shares_of(all);
}

// "a a b", "-": no hints.
std::string hints(const ZoneShares& parts, const Zones& zones) {
  std::string told;
  for (const std::string& zone : hints_by_share(parts, zones))
    told += text("{}{}", told.empty() ? "" : " ", zone);
  return told.empty() ? "-" : told;
}

}  // namespace

TEST_CASE("zones have their part of the CPUs of nodes that are ready and no control plane") {
  CHECK(shares({{"a", 4}, {"b", 8}, {"a", 4}}) == ZoneShares{{"a", 0.5}, {"b", 0.5}});
  CHECK(shares({{"a", 1}, {"b", 3}, {"c", 4, "False"}, {"d", 4, "True", "control-plane"}}) ==
        ZoneShares{{"a", 0.25}, {"b", 0.75}});
  CHECK(shares({{"a", 4}}).empty());
  CHECK(shares({{"a", 4}, {"a", 4}}).empty());
  CHECK(shares({{"a", 4}, {"b", 4}, {"", 4}}).empty());
  CHECK(shares({{"a", 4}, {"b", 4}, {"c", 0}}).empty());
  CHECK(shares({}).empty());
}

TEST_CASE("each zone uses its own endpoints, as far as they suffice") {
  const ZoneShares halves = {{"a", 0.5}, {"b", 0.5}};
  CHECK(hints(halves, {"a", "b"}) == "a b");
  CHECK(hints(halves, {"a", "a", "a", "b"}) == "a a b b");
  CHECK(hints(halves, {"a", "a", "a", "a"}) == "a a b b");
  CHECK(hints(halves, {"b", "a", "a", "b", "a", "b", "a"}) == "b a a b a b a");  // half of one is nobody
  CHECK(hints({{"a", 0.25}, {"b", 0.75}}, {"a", "a", "b", "b"}) == "a b b b");
}

TEST_CASE("endpoints of a zone without nodes that count are used by the others") {
  CHECK(hints({{"a", 0.5}, {"b", 0.5}}, {"a", "b", "c", "c"}) == "a b b a");
}

TEST_CASE("there are no hints with too few endpoints, too little known, or a zone that would be overloaded") {
  const ZoneShares thirds = {{"a", 1.0 / 3}, {"b", 1.0 / 3}, {"c", 1.0 / 3}};
  CHECK(hints(thirds, {"a", "b"}) == "-");
  CHECK(hints(thirds, {"a", "b", ""}) == "-");
  CHECK(hints(thirds, {}) == "-");
  CHECK(hints({}, {"a", "b"}) == "-");
  CHECK(hints({{"a", 0.5}, {"b", 0.5}}, {"a", "b", "a"}) == "-");  // two of three for each: four
  CHECK(hints(thirds, {"a", "b", "c"}) == "a b c");
  CHECK(hints(thirds, {"a", "b", "c", "a"}) == "-");          // two of four for each: six
  CHECK(hints({{"a", 0.3}, {"b", 0.7}}, {"a", "b"}) == "-");  // b needs both
}

}  // namespace podo::controllers
