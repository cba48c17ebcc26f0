// On this host's real control groups: needs root, leaves nothing behind.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "container/cgroup/cgroup_testing.h"

using namespace podo;
using namespace podo::runtime::testing;
using runtime::Cgroup;

TEST_CASE("a frozen group stands still until it is thawed") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  int pipe_ends[2];
  REQUIRE(::pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const io::Fd reader(pipe_ends[0]), writer(pipe_ends[1]);
  const pid_t child = spawn_inside(group, [&] {
    for (;;) {
      if (::write(writer.get(), "x", 1) == 1) ::usleep(500);
    }
    return 0;
  });
  const auto ticks = [&](int wait_ms) {
    runtime::wait_for(milliseconds(wait_ms));
    char text[4096];
    return ::read(reader.get(), text, sizeof text);
  };
  while (ticks(1) <= 0) {}
  CHECK(group.frozen() == false);
  REQUIRE(group.freeze().has_value());
  CHECK(group.frozen() == true);
  ticks(0);
  CHECK(ticks(20) <= 0);
  REQUIRE(group.thaw().has_value());
  CHECK(group.frozen() == false);
  while (ticks(1) <= 0) {}
  REQUIRE(group.freeze().has_value());
  CHECK(group.kill_all(SIGKILL).has_value());
  CHECK(exit_code(child) == 128 + SIGKILL);
  CHECK(group.frozen() == false);
}

TEST_CASE("a process that forks all the time does not escape kill_all") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  const pid_t child = spawn_inside(group, [] {
    ::signal(SIGCHLD, SIG_IGN);
    for (;;) {  // each generation leaves a child behind and goes on as it
      if (::fork() > 0) ::_exit(0);
    }
    return 0;
  });
  exit_code(child);
  REQUIRE(group.kill_all(SIGKILL).has_value());
  for (int wait = 0; wait < 500 && !group.processes()->empty(); ++wait) runtime::wait_for(milliseconds(1));
  CHECK(group.processes()->empty());
}
