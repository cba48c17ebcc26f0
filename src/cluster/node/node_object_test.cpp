#include "cluster/node/node_object.h"

#include <doctest/doctest.h>

#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::text_at;

Machine machine() {
  Machine machine;
  machine.host_name = "box";
  machine.address = "10.1.2.3";
  machine.architecture = "amd64";
  machine.processors = 4;
  machine.memory_bytes = 2048ull << 20;
  machine.disk_bytes = 100 << 20;
  machine.huge_pages = {{"2Mi", 4 << 20}};
  return machine;
}

NodeOptions options() {
  NodeOptions options;
  options.name = "n";
  options.pod_cidrs = {"10.244.0.0/24", "fd00:1::/64"};
  return options;
}

json::Tree status_at(std::int64_t second, const json::Item& before) {
  return node_status(options(), machine(), {}, before, Wall{second * 1'000'000'000});
}

}  // namespace

TEST_CASE("a Node says what the machine has, and what of it pods may use") {
  const json::Tree status = status_at(0, json::Item());
  CHECK(text_at(status.root(), "capacity.memory") == "2097152Ki");
  CHECK(text_at(status.root(), "allocatable.memory") == "1994752Ki");
  CHECK(text_at(status.root(), "capacity.hugepages-2Mi") == "4194304");
  CHECK(text_at(status.root(), "capacity.cpu") == "4");
  CHECK(text_at(status.root(), "addresses[0].address") == "10.1.2.3");
  CHECK(text_at(status.root(), "nodeInfo.kubeletVersion").starts_with("v1.36"));
  const json::Tree node = node_object(options(), machine());
  CHECK(text_at(node.root(), "metadata.name") == "n");
  CHECK(text_at(node.root(), "spec.podCIDR") == "10.244.0.0/24");
  CHECK(text_at(node.root(), "spec.podCIDRs[1]") == "fd00:1::/64");
}

TEST_CASE("conditions keep the time of their last change, and a heartbeat alone is no news") {
  const json::Tree first = status_at(100, json::Item());
  const json::Tree second = status_at(200, first.root());
  CHECK(text_at(second.root(), "conditions[3].type") == "Ready");
  CHECK(text_at(second.root(), "conditions[3].lastTransitionTime") == "1970-01-01T00:01:40Z");
  CHECK(text_at(second.root(), "conditions[3].lastHeartbeatTime") == "1970-01-01T00:03:20Z");
  CHECK_FALSE(is_news(first.root(), second.root()));
  Machine larger = machine();
  larger.processors = 8;
  const json::Tree third = node_status(options(), larger, {}, second.root(), Wall{});
  CHECK(is_news(second.root(), third.root()));
}

}  // namespace podo::node
