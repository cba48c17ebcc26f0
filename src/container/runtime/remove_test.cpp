#include <fcntl.h>

#include "base/linux/file.h"
#include "base/linux/process.h"
#include "container/runtime/runtime.h"
#include "container/runtime/state_testing.h"

namespace podo::runtime {
namespace {

struct Remembering final : Log {
  std::vector<std::string> lines;
  void write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
};

struct Fixture {
  Root root;
  SystemClock clock;
  Remembering log;
  Runtime runtime{root.path, clock, log};
  StateDirectory make(const ContainerState& state, std::string_view config = "{}") {
    auto directory = StateDirectory::create(root.path, state.id);
    REQUIRE(directory);
    REQUIRE(directory->save_config(config));
    REQUIRE(directory->save(state));
    return std::move(*directory);
  }
  void damage() {
    const auto file = linux::open_at(AT_FDCWD, (root.path + "/web/state.json").c_str(), O_WRONLY | O_TRUNC);
    REQUIRE(file);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what runs is removed by force only, and dead afterwards") {
  const Sleeper sleeper;
  make(state_of(sleeper.child.pid));
  const auto refused = runtime.remove("web", false);
  CHECK_EQ(refused.error().message(), "cannot delete container web that is not stopped: running");
  CHECK_FALSE(*linux::wait_for_end(sleeper.child.pidfd, Duration{}));
  REQUIRE(runtime.remove("web", true));
  CHECK(*linux::wait_for_end(sleeper.child.pidfd, Duration{}));
  CHECK(runtime.remove("web", false).error().kind() == ErrorKind::not_found);
  CHECK(runtime.remove("web", true));  // gone is what was wanted
}

TEST_CASE_FIXTURE(Fixture, "what was created but not started is killed without force") {
  const Sleeper sleeper;
  const auto directory = make(state_of(sleeper.child.pid));
  const auto listener = directory.listen_start();
  REQUIRE(runtime.remove("web", false));
  CHECK(*linux::wait_for_end(sleeper.child.pidfd, Duration{}));
  CHECK(list_containers(root.path)->empty());
}

TEST_CASE_FIXTURE(Fixture, "a damaged state is removed by force, with a warning that says what is wrong") {
  make(state_of(::getpid()));
  damage();
  CHECK(runtime.remove("web", false).error().kind() == ErrorKind::corrupt);
  CHECK(runtime.state("web").error().kind() == ErrorKind::corrupt);
  CHECK(runtime.list()->empty());
  log.lines.clear();
  REQUIRE(runtime.remove("web", true));
  REQUIRE_FALSE(log.lines.empty());
  CHECK(log.lines[0].contains("web/state.json: it is empty"));
  CHECK(list_containers(root.path)->empty());
}

TEST_CASE_FIXTURE(Fixture, "what a creation left behind that never finished is removed") {
  REQUIRE(StateDirectory::create(root.path, "web"));
  CHECK(runtime.state("web").error().kind() == ErrorKind::not_found);
  CHECK(runtime.remove("web", false));
  CHECK(list_containers(root.path)->empty());
}

TEST_CASE_FIXTURE(Fixture, "poststop hooks that fail are warnings; the state goes all the same") {
  ContainerState state = state_of(::getpid());
  ++state.pid_start_time;  // has ended
  state.bundle = "/";
  state.has_poststop = true;
  const std::string touched = root.path + "/ran";
  make(state, R"({"ociVersion":"1.0.2","root":{"path":"r"},"hooks":{"poststop":[
    {"path":"/bin/sh","args":["sh","-c","exit 3"]},{"path":"/bin/sh","args":["sh","-c","cat > )" +
                  touched + R"("]}]}})");
  REQUIRE(runtime.remove("web", false));
  REQUIRE_EQ(log.lines.size(), 1u);
  CHECK_EQ(log.lines[0], "poststop hook /bin/sh: exit status 3");
  CHECK(linux::read_file(touched.c_str(), 4096)->contains(R"("status":"stopped")"));
  CHECK(list_containers(root.path)->empty());
}

TEST_CASE_FIXTURE(Fixture, "a state whose configuration was lost is removed without its hooks") {
  ContainerState state = state_of(::getpid());
  ++state.pid_start_time;
  state.has_poststop = true;
  make(state, "not json");
  REQUIRE(runtime.remove("web", false));
  REQUIRE_EQ(log.lines.size(), 1u);
  CHECK(log.lines[0].starts_with("poststop hooks are left out: "));
}

TEST_CASE_FIXTURE(Fixture, "list tells what is true now, sorted") {
  const Sleeper sleeper;
  ContainerState ended = state_of(::getpid());
  ended.id = "aaa";
  ++ended.pid_start_time;
  make(state_of(sleeper.child.pid));
  make(ended);
  const auto found = runtime.list();
  REQUIRE_EQ(found->size(), 2u);
  CHECK((*found)[0].status == Status::stopped);
  CHECK((*found)[1].status == Status::running);
  CHECK_EQ(*runtime.processes("web"), std::vector<pid_t>{sleeper.child.pid});
  CHECK(runtime.processes("aaa")->empty());
}

}  // namespace podo::runtime
