// pause, resume, update, statistics and events, on a state whose container is one process of this test.
#include <signal.h>

#include <filesystem>

#include "base/format/json.h"
#include "container/cgroup/cgroup_testing.h"
#include "container/runtime/runtime.h"

using namespace podo;
using namespace podo::runtime::testing;
using runtime::Runtime;

namespace {

class OneContainer {
 public:
  OneContainer()
      : root_(text("/tmp/podo-events-test-{}", ::getpid())),
        group(sandbox_.make()),
        verbs(root_, clock_, log) {
    pid = spawn_inside(group, wait_forever);
    runtime::ContainerState state;
    state.id = "web";
    state.pid = pid;
    state.pid_start_time = runtime::process_start_time(pid).value_or(0);
    state.boot_id = runtime::read_boot_id().value_or("");
    state.started = true;
    state.cgroups = group.directories();
    const auto directory = runtime::StateDirectory::create(root_, "web");
    REQUIRE(directory.has_value());
    REQUIRE(directory->save(state).has_value());
  }
  ~OneContainer() {
    end();
    std::filesystem::remove_all(root_);
  }
  void end() {
    if (pid == 0) return;
    CHECK(group.kill_all(SIGKILL).has_value());
    exit_code(pid);
    pid = 0;
  }

 private:
  Sandbox sandbox_;
  SystemClock clock_;
  std::string root_;

 public:
  CollectingLog log;
  runtime::Cgroup group;
  Runtime verbs;
  pid_t pid = 0;
};

runtime::Status status_of(const Runtime& verbs) {
  const auto listing = verbs.state("web");
  REQUIRE(listing.has_value());
  return listing->status;
}

// Ends the container after some lines.
class EndAfter final : public Runtime::EventSink {
 public:
  EndAfter(OneContainer& container, std::size_t count) : container_(container), count_(count) {}
  void emit(std::string_view line) override {
    lines.emplace_back(line);
    if (lines.size() == count_) ::kill(container_.pid, SIGKILL);
  }
  std::vector<std::string> lines;

 private:
  OneContainer& container_;
  std::size_t count_;
};

}  // namespace

TEST_CASE("a container is paused, resumed, and each only from the right status") {
  if (!can_make_groups()) return;
  OneContainer container;
  CHECK(error_of(container.verbs.resume("web")) == "cannot resume container web: it is running, not paused");
  CHECK(error_of(container.verbs.pause("web")) == "");
  CHECK(status_of(container.verbs) == runtime::Status::paused);
  CHECK(error_of(container.verbs.pause("web")) ==
        "cannot pause container web: it is paused, neither running nor created");
  CHECK(error_of(container.verbs.resume("web")) == "");
  CHECK(status_of(container.verbs) == runtime::Status::running);
  container.end();
  CHECK(error_of(container.verbs.pause("web")) ==
        "cannot pause container web: it is stopped, neither running nor created");
  CHECK(container.verbs.pause("other").error().kind() == ErrorKind::not_found);
}

TEST_CASE("an update reaches a living container and is refused to a stopped one") {
  if (!on_v1("pids")) return;
  OneContainer container;
  oci::Resources resources;
  resources.pids_limit = 5;
  CHECK(error_of(container.verbs.update("web", resources)) == "");
  CHECK(file_of(container.group, "pids", "pids.max") == "5");
  container.end();
  CHECK(error_of(container.verbs.update("web", resources)) == "cannot update container web: it is stopped");
}

TEST_CASE("statistics come at every interval until the container ends") {
  if (!on_v1("pids")) return;
  OneContainer container;
  EndAfter sink(container, 2);
  CHECK(error_of(container.verbs.events("web", milliseconds(5), sink)) == "");
  REQUIRE(sink.lines.size() >= 2);
  const auto document = json::parse(sink.lines[0]);
  REQUIRE(document.has_value());
  const json::Field root(*document);
  CHECK(root["type"].string() == "stats");
  CHECK(root["id"].string() == "web");
  CHECK(root["data"]["pids"]["current"].uint64() == 1u);
  exit_code(container.pid);
  container.pid = 0;
  CHECK(!container.verbs.events("web", milliseconds(5), sink).has_value());
  CHECK(!container.verbs.statistics("web").has_value());
}

TEST_CASE("running out of memory is an event of its own, told at once") {
  if (!on_v1("memory")) return;
  OneContainer container;
  oci::Resources resources;
  resources.memory.limit = resources.memory.swap = 16 << 20;
  REQUIRE(error_of(container.verbs.update("web", resources)) == "");
  // One that is only there to be killed, a little after events() began to wait.
  const pid_t greedy = spawn_inside(container.group, [] {
    runtime::wait_for(milliseconds(100));
    std::string much(64 << 20, 'x');
    return much[1000] == 'x' ? 0 : 1;
  });
  EndAfter sink(container, 1);
  CHECK(error_of(container.verbs.events("web", seconds(3600), sink)) == "");
  REQUIRE(!sink.lines.empty());
  CHECK(sink.lines[0] == R"({"type":"oom","id":"web"})");
  CHECK(exit_code(greedy) == 128 + SIGKILL);
  exit_code(container.pid);
  container.pid = 0;
}
