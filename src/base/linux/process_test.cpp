#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "base/linux/clone.h"
#include "base/linux/process.h"

namespace podo::linux {

TEST_CASE("a process's stat is read whatever the process is called") {
  const auto stat = parse_process_stat(
      "1234 (a) R 1 (b) S 77 1234 1234 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654321 4096 1 184467 1 1\n");
  REQUIRE(stat);
  CHECK_EQ(stat->state, 'S');
  CHECK_EQ(stat->parent, 77);
  CHECK_EQ(stat->start_time, 987654321u);
  CHECK_FALSE(stat->ended());
}

TEST_CASE("a truncated stat is an error") {
  for (const char* bytes : {"", "12", "12 (x", "12 (x)", "12 (x) S", "12 (x) S 1 2 3", "12 (x) S y 2"}) {
    CAPTURE(bytes);
    CHECK_FALSE(parse_process_stat(bytes));
  }
}

TEST_CASE("a process is followed to its end by its descriptor") {
  const auto child = clone_process({});
  REQUIRE(child);
  if (child->pid == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto pidfd = open_process(child->pid);
  REQUIRE(pidfd);
  CHECK_EQ(read_process_stat(child->pid)->parent, ::getpid());
  CHECK_FALSE(*wait_for_end(*pidfd, milliseconds(1)));
  REQUIRE(signal_process(*pidfd, SIGKILL));
  CHECK(*wait_for_end(*pidfd, seconds(10)));
  CHECK(read_process_stat(child->pid)->ended());  // not yet reaped
  CHECK_EQ(*wait_for_exit(child->pid), 128 + SIGKILL);
  CHECK_EQ(signal_process(*pidfd, SIGKILL).error().system_errno(), ESRCH);
  CHECK(open_process(child->pid).error().kind() == ErrorKind::not_found);
}

TEST_CASE("the first process of a pid namespace is told from the others") {
  CHECK_FALSE(*leads_pid_namespace(::getpid()));
  const std::uint64_t privilege = ::geteuid() == 0 ? 0 : CLONE_NEWUSER;
  const auto child = clone_process({.flags = CLONE_NEWPID | privilege});
  REQUIRE(child);
  if (child->pid == 0) {
    ::pause();
    ::_exit(0);
  }
  CHECK(*leads_pid_namespace(child->pid));
  ::kill(child->pid, SIGKILL);
  (void)wait_for_exit(child->pid);
  CHECK_FALSE(leads_pid_namespace(child->pid));
}

}  // namespace podo::linux
