#include "base/linux/process.h"
#include "container/runtime/runtime.h"
#include "container/runtime/state_testing.h"

namespace podo::runtime {
namespace {

struct Fixture {
  Root root;
  SystemClock clock;
  SilentLog log;
  Runtime runtime{root.path, clock, log};
  void save(const ContainerState& state) {
    auto directory = StateDirectory::create(root.path, state.id);
    REQUIRE(directory);
    REQUIRE(directory->save(state));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a signal reaches the first process, and it only") {
  const Sleeper first, other;
  save(state_of(first.child.pid));
  CHECK(runtime.kill("web", 0, false));
  CHECK_FALSE(*linux::wait_for_end(first.child.pidfd, Duration{}));
  REQUIRE(runtime.kill("web", SIGUSR1, false));
  CHECK(*linux::wait_for_end(first.child.pidfd, seconds(10)));
  CHECK_FALSE(*linux::wait_for_end(other.child.pidfd, Duration{}));
  CHECK_EQ(runtime.kill("web", SIGUSR1, false).error().message(), "container not running");
}

TEST_CASE_FIXTURE(Fixture, "a process that got the number later is left alone") {
  const Sleeper stranger;
  ContainerState state = state_of(stranger.child.pid);
  --state.pid_start_time;
  save(state);
  const auto killed = runtime.kill("web", SIGKILL, false);
  CHECK_EQ(killed.error().message(), "container not running");
  CHECK(killed.error().kind() == ErrorKind::conflict);
  CHECK(runtime.remove("web", true));
  CHECK_FALSE(*linux::wait_for_end(stranger.child.pidfd, milliseconds(20)));
}

TEST_CASE_FIXTURE(Fixture, "a container nobody made cannot be killed") {
  CHECK(runtime.kill("web", SIGKILL, false).error().kind() == ErrorKind::not_found);
  CHECK(runtime.kill("../web", SIGKILL, false).error().kind() == ErrorKind::invalid);
}

}  // namespace podo::runtime
