#include "container/systemd_scope/unit_properties.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace podo::runtime {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Properties = std::vector<dbus::Property>;

Properties of_v2(const oci::Resources& resources) {
  return limit_properties(plan_cgroup_v2(resources)->writes);
}
Properties of_v1(const oci::Resources& resources) {
  return limit_properties(plan_cgroup_v1(resources)->writes);
}

dbus::Value value_of(const Properties& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &dbus::Property::name);
  return found == list.end() ? dbus::Value(std::string("absent")) : found->value;
}
dbus::Value number(std::uint64_t value) { return value; }

dbus::Value annotated(const std::string& name, const std::string& value) {
  const auto list = annotated_properties({{"org.systemd.property." + name, value}});
  if (!list) return std::string(name_of(list.error().kind()));
  return list->at(0).value;
}

}  // namespace

TEST_CASE("limits become properties") {
  oci::Resources limits;
  limits.memory.limit = 64 << 20;
  limits.memory.reservation = 1 << 20;
  limits.memory.swap = 96 << 20;
  limits.pids_limit = 10;
  limits.cpu.shares = 1024;
  limits.cpu.cpus = "0-1,9";
  limits.cpu.mems = "0";
  limits.block_io.weight = 10;
  const auto list = of_v2(limits);
  CHECK(value_of(list, "MemoryMax") == number(64 << 20));
  CHECK(value_of(list, "MemoryLow") == number(1 << 20));
  CHECK(value_of(list, "MemorySwapMax") == number(32 << 20));
  CHECK(value_of(list, "TasksMax") == number(10));
  CHECK(value_of(list, "CPUWeight") == number(100));
  CHECK(value_of(list, "AllowedCPUs") == dbus::Value(Bytes{3, 2}));
  CHECK(value_of(list, "AllowedMemoryNodes") == dbus::Value(Bytes{1}));
  CHECK(value_of(list, "IOWeight") == number(1));
  const auto old = of_v1(limits);
  CHECK(value_of(old, "MemoryLimit") == number(64 << 20));
  CHECK(value_of(old, "CPUShares") == number(1024));
  CHECK(value_of(old, "BlockIOWeight") == number(10));
  CHECK(value_of(old, "TasksMax") == number(10));
}

TEST_CASE("no limits are no properties") { CHECK(of_v2({}).empty()); }

TEST_CASE("no limit is infinity") {
  oci::Resources limits;
  limits.memory.limit = -1;
  limits.pids_limit = -1;
  limits.cpu.quota = -1;
  CHECK(value_of(of_v2(limits), "MemoryMax") == number(UINT64_MAX));
  CHECK(value_of(of_v2(limits), "TasksMax") == number(UINT64_MAX));
  CHECK(value_of(of_v2(limits), "CPUQuotaPerSecUSec") == number(UINT64_MAX));
  CHECK(value_of(of_v1(limits), "MemoryLimit") == number(UINT64_MAX));
  CHECK(value_of(of_v1(limits), "CPUQuotaPerSecUSec") == number(UINT64_MAX));
}

TEST_CASE("a quota is rounded up to a percent of a CPU, which is what systemd keeps") {
  oci::Resources limits;
  limits.cpu.quota = 12'345;
  CHECK(value_of(of_v2(limits), "CPUQuotaPerSecUSec") == number(130'000));
  CHECK(value_of(of_v2(limits), "CPUQuotaPeriodUSec") == dbus::Value(std::string("absent")));
  limits.cpu.period = 50'000;
  for (const auto& list : {of_v2(limits), of_v1(limits)}) {
    CHECK(value_of(list, "CPUQuotaPerSecUSec") == number(250'000));
    CHECK(value_of(list, "CPUQuotaPeriodUSec") == number(50'000));
  }
}

TEST_CASE("the unified map is the last word here too") {
  oci::Resources limits;
  limits.memory.limit = 64 << 20;
  limits.unified = {{"memory.max", "1000000"},   {"memory.high", "500000"}, {"memory.min", "4096"},
                    {"cpu.max", "50000 100000"}, {"pids.max", "max"},       {"cpu.weight", "7"},
                    {"memory.oom.group", "1"}};
  const auto list = of_v2(limits);
  CHECK(std::ranges::count(list, "MemoryMax", &dbus::Property::name) == 1);
  CHECK(value_of(list, "MemoryMax") == number(1'000'000));
  CHECK(value_of(list, "MemoryHigh") == number(500'000));
  CHECK(value_of(list, "MemoryMin") == number(4096));
  CHECK(value_of(list, "CPUQuotaPerSecUSec") == number(500'000));
  CHECK(value_of(list, "CPUQuotaPeriodUSec") == number(100'000));
  CHECK(value_of(list, "TasksMax") == number(UINT64_MAX));
  CHECK(value_of(list, "CPUWeight") == number(7));
}

TEST_CASE("a value that systemd would refuse the whole unit for is left to the file") {
  oci::Resources limits;
  limits.unified = {{"cpu.weight", "70000"}, {"memory.max", "lots"}, {"cpu.max", "x y"}, {"pids.max", "0"}};
  limits.cpu.cpus = "0-99999999";
  limits.cpu.period = 7;
  CHECK(std::ranges::none_of(of_v2(limits), [](const auto& p) { return p.name != "AllowedCPUs"; }));
}

TEST_CASE("annotations are values in GVariant's words") {
  CHECK(annotated("TimeoutStopUSec", "uint64 10000000") == number(10'000'000));
  CHECK(annotated("KillSignal", "37") == dbus::Value(std::int32_t{37}));
  CHECK(annotated("CollectMode", "'inactive-or-failed'") == dbus::Value(std::string("inactive-or-failed")));
  CHECK(annotated("Description", R"("a 'quoted\" word")") == dbus::Value(std::string("a 'quoted\" word")));
  CHECK(annotated("SendSIGHUP", "true") == dbus::Value(true));
  CHECK(annotated("Nice", "-5") == dbus::Value(std::int32_t{-5}));
  CHECK(annotated("Some", "byte 0xff") == dbus::Value(std::uint8_t{255}));
  CHECK(annotated("After", "['a.service', \"b.service\"]") ==
        dbus::Value(std::vector<std::string>{"a.service", "b.service"}));
  CHECK(annotated("After", "@as []") == dbus::Value(std::vector<std::string>{}));
  CHECK(annotated("PIDs", "[uint32 1, uint32 2]") == dbus::Value(std::vector<std::uint32_t>{1, 2}));
  CHECK(annotated("Mask", "[byte 1, byte 2]") == dbus::Value(Bytes{1, 2}));
}

TEST_CASE("an annotation in seconds is one in microseconds") {
  const auto list = annotated_properties({{"org.systemd.property.TimeoutStopSec", "1.5"}});
  REQUIRE(list.has_value());
  CHECK(list->at(0) == dbus::Property{"TimeoutStopUSec", std::uint64_t{1'500'000}});
  CHECK(annotated("TimeoutStopSec", "uint64 3") == number(3'000'000));
  CHECK(annotated("TimeoutStopSec", "-1") == dbus::Value(std::string("invalid")));
  CHECK(annotated("TimeoutStopSec", "nan") == dbus::Value(std::string("invalid")));
}

TEST_CASE("arrays are not within arrays, however many, and a boolean is one of two words") {
  const auto failure = [](const std::string& value) {
    const auto list = annotated_properties({{"org.systemd.property.Some", value}});
    return list ? "" : list.error().message();
  };
  CHECK(failure(std::string(100'000, '[')).contains("an array within an array"));
  CHECK(failure("[@as []]").contains("an array within an array"));
  CHECK(failure("boolean 5").contains("\"5\" is no boolean"));
  CHECK(annotated("Some", "boolean true") == dbus::Value(true));
}

TEST_CASE("an annotation that cannot be read is refused with its name") {
  for (const char* value :
       {"", "'open", "uint64 -1", "uint64 x", "300 7", "byte 300", "[1", "['a' 'b']", "'a\\nb'", "['a', 1]",
        "{'a': 1}", "(1, 2)", "double 1.5", "@ai [1]", "<1>", "nonsense"}) {
    CAPTURE(value);
    const auto refused = annotated_properties({{"org.systemd.property.Xyz", value}});
    REQUIRE(!refused);
    CHECK(refused.error().message().starts_with("annotations: org.systemd.property.Xyz: "));
  }
  CHECK(!annotated_properties({{"org.systemd.property.", "1"}}));
  CHECK(!annotated_properties({{"org.systemd.property.a-b", "1"}}));
  CHECK(annotated_properties({{"org.other", "["}})->empty());
}

}  // namespace podo::runtime
