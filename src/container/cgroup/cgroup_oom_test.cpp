#include "container/cgroup/cgroup_oom.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include <cstring>

#include "container/cgroup/cgroup_testing.h"

using namespace podo;
using namespace podo::runtime::testing;

namespace {

bool ready(const runtime::OomWatch& watch, int timeout_ms) {
  auto wait = watch.waits_for();
  return ::poll(&wait, 1, timeout_ms) > 0;
}

int use_64_megabytes() {
  constexpr std::size_t size = 64 << 20;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, size);
  return 0;
}

}  // namespace

TEST_CASE("v1: running out of memory is told, the removal of the group is not") {
  if (!on_v1("memory")) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  CollectingLog log;
  oci::Resources resources;
  resources.memory.limit = resources.memory.swap = 16 << 20;
  REQUIRE(error_of(group.apply(resources, log)) == "");
  auto watch = runtime::OomWatch::open(group.directories());
  REQUIRE(watch.has_value());
  CHECK(!ready(*watch, 0));
  CHECK(exit_code(spawn_inside(group, use_64_megabytes)) == 128 + SIGKILL);
  CHECK(ready(*watch, 2000));
  CHECK(watch->happened() == true);
  CHECK(watch->happened() == false);
  REQUIRE(group.remove().has_value());
  CHECK(ready(*watch, 2000));
  CHECK(watch->happened() == false);
}

TEST_CASE("v2: a counter of an events file tells when it grows") {
  if (!has_unified()) return;
  const Sandbox sandbox;
  auto group = sandbox.make(unified_only());
  io::Fd file(::open((place(group, "") + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
  auto watch = runtime::OomWatch::of_counter(std::move(file), "populated");
  REQUIRE(watch.has_value());
  CHECK(!ready(*watch, 0));
  const pid_t child = spawn_inside(group, wait_forever);
  CHECK(ready(*watch, 2000));
  CHECK(watch->happened() == true);
  CHECK(group.kill_all(SIGKILL).has_value());
  exit_code(child);
  CHECK(ready(*watch, 2000));
  CHECK(watch->happened() == false);
}

TEST_CASE("without memory control nothing ever happens") {
  auto watch = runtime::OomWatch::open({});
  REQUIRE(watch.has_value());
  CHECK(!ready(*watch, 1));
}
