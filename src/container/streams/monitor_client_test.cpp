// The real monitor with a shell in place of the OCI runtime: it starts the command in the background and
// writes its pid, as `podo oci run --detach --pid-file pid` does.
#include "container/streams/monitor_client.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/io/combine.h"

namespace podo::engine {
namespace {

using io::Task;

std::string whole_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder for one monitor, a loop, a relay.
struct Scene {
  explicit Scene(bool tty = false) {
    char pattern[] = "/tmp/podo-monitor-XXXXXX";
    folder = ::mkdtemp(pattern);
    relay = AttachRelay::make({.tty = tty, .spill_folder = folder});
  }
  ~Scene() { std::filesystem::remove_all(folder); }

  MonitorSpec spec(std::string command) const {
    MonitorSpec spec;
    spec.folder = folder;
    // A shell reaps a child that ends before it, which the OCI runtime does not.
    command.insert(0, "until { read pid start < pid; } 2>/dev/null && test $start; do sleep 0.01; done; ");
    spec.runtime = {"sh", "-c", "exec 9<&0; sh -c \"$0\" <&9 & echo $! > pid", std::move(command)};
    spec.runtime_program = shell.get();
    spec.stdin_open = true;
    spec.log = {.driver = LogTarget::Driver::json_file, .path = folder + "/log"};
    return spec;
  }
  Task<std::unique_ptr<MonitorClient>> spawn(MonitorSpec spec) {
    return MonitorClient::spawn(loop, program, std::move(spec), relay);
  }

  std::string folder;
  io::Fd shell{::open("/bin/sh", O_RDONLY | O_CLOEXEC)};
  MonitorProgram program = *MonitorProgram::load();
  io::EpollLoop loop;
  std::shared_ptr<AttachRelay> relay;
};

Task<std::string> read_all(std::unique_ptr<io::Stream> stream) {
  co_return co_await io::read_to_end(*stream, 64 << 20);
}

TEST_CASE("a command's output is framed, its log is whole and its exit code is kept") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    auto stream = here.relay->attach({.out = true, .err = true});
    auto monitor = co_await here.spawn(here.spec("echo out; echo err >&2; printf end; exit 7"));
    CHECK(monitor->pid() > 1);
    Ended ended = co_await monitor->ended();
    CHECK(ended.code == 7);
    CHECK(ended.signal == 0);
    CHECK(!ended.lost);
    std::string output = co_await read_all(std::move(stream));
    CHECK(output.find(std::string("\2\0\0\0\0\0\0\4err\n", 12)) != std::string::npos);
    CHECK(output.find("out\n") != std::string::npos);
    CHECK(output.find("end") != std::string::npos);
    auto kept = MonitorClient::read_ended(here.folder);
    REQUIRE(kept.has_value());
    CHECK(kept->code == 7);
    CHECK(kept->at == ended.at);
    std::string log = whole_file(here.folder + "/log");
    CHECK(log.find(R"({"log":"err\n","stream":"stderr","time":")") != std::string::npos);
    CHECK(log.find(R"({"log":"end","stream":"stdout","time":")") != std::string::npos);
  };
  Result<void> ran = scene.loop.run(test(scene));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

TEST_CASE("a monitor that is gone is no zombie") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    auto monitor = co_await here.spawn(here.spec("exit 0"));
    const pid_t its = monitor->monitor_pid();
    co_await monitor->gone();
    CHECK(::kill(its, 0) == -1);
    CHECK(errno == ESRCH);
  };
  CHECK(scene.loop.run(test(scene)).has_value());
}

TEST_CASE("what the runtime says when it fails is the error") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    MonitorSpec spec = here.spec("");
    spec.runtime = {"sh", "-c", "echo no such container >&2; exit 1"};
    auto monitor = co_await here.spawn(std::move(spec)).result();
    REQUIRE(!monitor.has_value());
    CHECK(monitor.error().message() == "no such container");
  };
  CHECK(scene.loop.run(test(scene)).has_value());
}

TEST_CASE("a log that cannot be opened is the error") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    MonitorSpec spec = here.spec("true");
    spec.log.path = "/nowhere/log";
    auto monitor = co_await here.spawn(std::move(spec)).result();
    REQUIRE(!monitor.has_value());
    CHECK(monitor.error().message() == "open the log /nowhere/log: error 2");
  };
  CHECK(scene.loop.run(test(scene)).has_value());
}

TEST_CASE("standard input arrives whole, however slowly it is read, and its end too") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    auto stream = here.relay->attach({.in = true, .out = true, .ends_input = true});
    auto monitor = co_await here.spawn(here.spec("sleep 0.1; wc -c"));
    std::string input(1 << 20, 'x');
    co_await stream->write(io::bytes_of(input));
    co_await stream->finish();
    std::string output = co_await read_all(std::move(stream));
    CHECK(output.find("1048576\n") != std::string::npos);
    CHECK((co_await monitor->ended()).code == 0);
  };
  Result<void> ran = scene.loop.run(test(scene));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

TEST_CASE("a process that does not read holds up neither signals nor other messages") {
  Scene scene;
  auto feed = [](Scene&, io::Stream& stream) -> Task<void> {
    std::string input(4 << 20, 'x');
    (void)co_await stream.write(io::bytes_of(input)).result();
  };
  auto test = [feed](Scene& here) -> Task<void> {
    auto stream = here.relay->attach({.in = true});
    auto monitor = co_await here.spawn(here.spec("echo here; sleep 100"));
    io::TaskGroup group(here.loop);
    group.spawn(feed(here, *stream));
    co_await io::sleep(milliseconds(50));
    auto late = here.relay->attach({.out = true});
    co_await io::sleep(milliseconds(50));
    ::kill(monitor->pid(), SIGKILL);
    Ended ended = co_await monitor->ended();
    CHECK(ended.signal == SIGKILL);
    co_await group.join();
  };
  Result<void> ran = scene.loop.run(test(scene));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

TEST_CASE("a daemon that went away finds the container again; nothing is lost in between") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    pid_t pid = 0;
    {
      auto monitor =
          co_await here.spawn(here.spec("for i in $(seq 2000); do echo line $i; done; cat > got; for i in "
                                        "$(seq 2000); do echo more $i; done; exit 4"));
      pid = monitor->pid();
    }
    co_await io::sleep(milliseconds(50));
    auto stream = here.relay->attach({.in = true, .out = true, .ends_input = true});
    auto monitor = co_await MonitorClient::connect(here.loop, here.folder, here.relay);
    CHECK(monitor->pid() == pid);
    co_await stream->write(io::bytes_of("to be kept"));
    co_await stream->finish();
    std::string output = co_await read_all(std::move(stream));
    CHECK(output.find("more 2000\n") != std::string::npos);
    CHECK((co_await monitor->drained()).code == 4);
    CHECK(whole_file(here.folder + "/got") == "to be kept");
    std::string log = whole_file(here.folder + "/log");
    CHECK(std::ranges::count(log, '\n') == 4000);
    CHECK(log.find("\"line 2000\\n\"") != std::string::npos);
  };
  Result<void> ran = scene.loop.run(test(scene));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

TEST_CASE("a process that ends while no daemon looks leaves its exit code in a file") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    pid_t monitor_pid = 0;
    {
      auto monitor = co_await here.spawn(here.spec("sleep 0.1; echo last; exit 5"));
      monitor_pid = monitor->monitor_pid();
    }
    int status = 0;
    CHECK(::waitpid(monitor_pid, &status, 0) == monitor_pid);
    CHECK(MonitorClient::read_ended(here.folder)->code == 5);
    CHECK(whole_file(here.folder + "/log").find("last") != std::string::npos);
    auto again = co_await MonitorClient::connect(here.loop, here.folder, here.relay).result();
    REQUIRE(!again.has_value());
    CHECK(again.error().kind() == ErrorKind::not_found);
  };
  CHECK(scene.loop.run(test(scene)).has_value());
}

TEST_CASE("a monitor that is killed is reported as lost") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    auto monitor = co_await here.spawn(here.spec("exec sleep 100"));
    pid_t pid = monitor->pid();
    ::kill(monitor->monitor_pid(), SIGKILL);
    CHECK((co_await monitor->ended()).lost);
    ::kill(pid, SIGKILL);
  };
  CHECK(scene.loop.run(test(scene)).has_value());
}

TEST_CASE("a child that keeps the output open does not delay the exit, and is listened to for two seconds") {
  Scene scene;
  auto test = [](Scene& here) -> Task<void> {
    auto stream = here.relay->attach({.out = true});
    auto monitor =
        co_await here.spawn(here.spec("(sleep 1; echo later; sleep 100) & echo $! > child; exit 0"));
    co_await monitor->ended();
    CHECK(whole_file(here.folder + "/log").find("later") == std::string::npos);
    std::string output = co_await read_all(std::move(stream));
    CHECK(output.find("later\n") != std::string::npos);
    CHECK(whole_file(here.folder + "/log").find("later") != std::string::npos);
    CHECK(::kill(::atoi(whole_file(here.folder + "/child").c_str()), SIGKILL) == 0);  // it was still there
  };
  CHECK(scene.loop.run(test(scene)).has_value());
}

}  // namespace
}  // namespace podo::engine
