#include "container/systemd_scope/scope.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

namespace podo::runtime {

TEST_CASE("systemd's group of a process is read where systemd looks") {
  const char* v1 = "5:memory:/other\n1:name=systemd:/machine.slice/a.scope\n";
  CHECK(*systemd_group_in(v1, false) == "/machine.slice/a.scope");
  const char* hybrid = "1:name=systemd:/x\n0::/machine.slice/a.scope\n";
  CHECK(*systemd_group_in(hybrid, true) == "/machine.slice/a.scope");
  CHECK(*systemd_group_in("0::/a", true) == "/a");
  CHECK(!systemd_group_in("5:memory:/other\n", false));
  CHECK(!systemd_group_in("", true));
}

TEST_CASE("a placeholder lives until it is ended") {
  Placeholder placeholder = *Placeholder::start();
  const pid_t pid = placeholder.pid();
  CHECK(::kill(pid, SIGTERM) == 0);  // which it may not even have blocked yet: see below
  placeholder.end();
  CHECK(::kill(pid, 0) != 0);
  CHECK(placeholder.pid() == 0);
}

TEST_CASE("a placeholder dies with its parent") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    auto placeholder = Placeholder::start();
    const pid_t pid = placeholder ? placeholder->pid() : 0;
    (void)!::write(ends[1], &pid, sizeof pid);
    for (;;) ::pause();
  }
  ::close(ends[1]);
  pid_t pid = 0;
  REQUIRE(::read(ends[0], &pid, sizeof pid) == sizeof pid);
  REQUIRE(pid > 0);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  // The pipe's end is what says that nobody has its other end any more, the placeholder neither.
  char byte = 0;
  CHECK(::read(ends[0], &byte, 1) == 0);
  ::close(ends[0]);
}

}  // namespace podo::runtime
