#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>

#include <vector>

#include "base/core/clock.h"
#include "base/linux/file.h"
#include "container/runtime/hooks.h"

namespace podo::runtime {
namespace {

oci::Hook program(std::string path, std::vector<std::string> args = {}) {
  return {std::move(path), std::move(args), {}, {}};
}
oci::Hook shell(std::string script) { return program("/bin/sh", {"sh", "-c", std::move(script)}); }

Result<> run_one(const oci::Hook& hook, std::string_view state = "{}") {
  return run_hooks("prestart", {&hook, 1}, state, "/");
}

// A directory for one test.
struct Scratch {
  char path[32] = "/tmp/podo-hooks-XXXXXX";
  Scratch() { REQUIRE(::mkdtemp(path) != nullptr); }
  ~Scratch() { (void)run_one(shell("rm -rf " + std::string(path))); }
  std::string read(const std::string& name) const {
    return linux::read_file((path + ("/" + name)).c_str(), 1 << 20).value_or("absent");
  }
};

struct Remembering final : Log {
  std::vector<std::string> lines;
  void write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
};

}  // namespace

TEST_CASE("a hook gets the state, its own environment only, and the directory") {
  const Scratch scratch;
  oci::Hook hook = shell("cat > in; env > env; pwd > pwd");
  hook.env = {"ONLY=this", "PATH=/usr/bin:/bin"};
  REQUIRE(run_hooks("prestart", {&hook, 1}, R"({"id":"x"})", scratch.path));
  CHECK_EQ(scratch.read("in"), R"({"id":"x"})");
  CHECK_EQ(scratch.read("pwd"), std::string(scratch.path) + "\n");
  CHECK(scratch.read("env").contains("ONLY=this"));
  CHECK_FALSE(scratch.read("env").contains("HOME="));
}

TEST_CASE("a state larger than a pipe arrives whole") {
  const Scratch scratch;
  const std::string state(3'000'000, 'x');
  const oci::Hook hook = shell("sleep 0.05; wc -c > " + std::string(scratch.path) + "/count");
  REQUIRE(run_one(hook, state));
  CHECK_EQ(std::atoi(scratch.read("count").c_str()), 3'000'000);
}

TEST_CASE("a hook need not read its state") {
  CHECK(run_one(shell("exit 0"), std::string(3'000'000, 'x')));
  CHECK(run_one(shell("exec <&-; sleep 0.02"), std::string(3'000'000, 'x')));
  CHECK(run_one(program("/bin/true")));
}

TEST_CASE("how a hook failed is told with its last words") {
  CHECK_EQ(run_one(shell("echo fine; echo broken >&2; exit 7")).error().message(),
           "prestart hook /bin/sh: exit status 7: fine\nbroken");
  CHECK_EQ(run_one(shell("kill -9 $$")).error().message(), "prestart hook /bin/sh: signal SIGKILL");
  CHECK_EQ(run_one(program("/nowhere/hook")).error().message(),
           "prestart hook /nowhere/hook: execve: No such file or directory");
  const std::string long_tail = run_one(shell("yes | head -c 300000; echo end; exit 1")).error().message();
  CHECK(long_tail.ends_with("y\nend"));
  CHECK_LT(long_tail.size(), 1100u);
}

TEST_CASE("the first failing hook ends the row; as warnings all run") {
  const Scratch scratch;
  const std::string mark = std::string("touch ") + scratch.path + "/";
  const std::vector<oci::Hook> hooks = {shell(mark + "a"), shell("exit 1"), shell(mark + "b")};
  CHECK_FALSE(run_hooks("createRuntime", hooks, "{}", "/"));
  CHECK_EQ(scratch.read("a"), "");
  CHECK_EQ(scratch.read("b"), "absent");
  Remembering log;
  run_hooks_warning("poststop", hooks, "{}", "/", log);
  CHECK_EQ(scratch.read("b"), "");
  REQUIRE_EQ(log.lines.size(), 1u);
  CHECK_EQ(log.lines[0], "poststop hook /bin/sh: exit status 1");
}

TEST_CASE("a hook that outlives its timeout is killed with its children") {
  const Scratch scratch;
  oci::Hook hook = shell("(sleep 1.3; touch " + std::string(scratch.path) + "/survivor) & wait");
  hook.timeout_s = 1;
  const SystemClock clock;
  const Monotonic start = clock.now();
  const auto ran = run_one(hook);
  CHECK_LT((clock.now() - start).ns, seconds(2).ns);
  REQUIRE_FALSE(ran);
  CHECK(ran.error().message().contains("killed after its timeout of 1 s"));
  REQUIRE(run_one(shell("sleep 0.5")));
  CHECK_EQ(scratch.read("survivor"), "absent");
}

TEST_CASE("a daemon that a hook leaves behind does not hold the container up") {
  const SystemClock clock;
  const Monotonic start = clock.now();
  CHECK(run_one(shell("sleep 3 & exit 0")));
  CHECK_LT((clock.now() - start).ns, seconds(2).ns);
}

TEST_CASE("a timeout must be positive, and a broken pipe signal keeps its disposition") {
  oci::Hook hook = shell("true");
  hook.timeout_s = 0;
  CHECK(run_one(hook).error().kind() == ErrorKind::invalid);
  struct sigaction now;
  ::sigaction(SIGPIPE, nullptr, &now);
  CHECK(bool(now.sa_handler == SIG_DFL));
}

}  // namespace podo::runtime
