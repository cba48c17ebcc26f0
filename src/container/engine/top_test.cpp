#include "container/engine/top.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "container/engine/process_table.h"

namespace podo::engine {
namespace {

TEST_CASE("rows of other processes are left out, threads follow their process") {
  const std::vector<pid_t> pids = {7, 9};
  const auto top = filter_ps(
      "UID  PID CMD\nroot   1 init\nweb    7 nginx: master process\nweb    - -\n"
      "root   8 x\nroot   - -\nweb    9 sh -c true\n",
      pids);
  REQUIRE(top);
  CHECK(top->titles == std::vector<std::string>{"UID", "PID", "CMD"});
  REQUIRE(top->processes.size() == 3);
  CHECK(top->processes[0] == std::vector<std::string>{"web", "7", "nginx: master process"});
  CHECK(top->processes[2][2] == "sh -c true");
  CHECK(filter_ps("UID CMD\n", pids).error().message() == "Couldn't find PID field in ps output");
}

TEST_CASE("another column that calls itself PID is refused") {
  CHECK_FALSE(check_ps_arguments("-o ppid=PID,comm"));
  CHECK(check_ps_arguments("-o pid=PID,comm"));
  CHECK(check_ps_arguments("aux"));
}

TEST_CASE("ps of this host, and our own columns") {
  io::EpollLoop loop;
  const auto top = loop.run(list_processes(loop, "-o pid,comm", {::getpid()}));
  REQUIRE_MESSAGE(top, top.error().message());
  CHECK(top->processes.size() == 1);
  const Engine::Top own = read_processes(std::vector<pid_t>{::getpid(), 0x3fffffff}, loop.clock().wall());
  REQUIRE(own.processes.size() == 1);
  CHECK(own.processes[0][1] == text("{}", ::getpid()));
  CHECK(own.processes[0].size() == own.titles.size());
}

}  // namespace
}  // namespace podo::engine
