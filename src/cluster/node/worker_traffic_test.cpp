// When a worker asks the network around its pod, on a real engine whose OCI runtime is a script.
#include "cluster/node/containers_testing.h"
#include "cluster/node/worker.h"

namespace podo::node {
namespace {

class NotedTraffic final : public PodTraffic {
 public:
  explicit NotedTraffic(engine::Engine& engine) : engine_(engine) {}

  Task<void> begins(std::string uid, std::string name_space, std::string name,
                    std::vector<IpAddress> addresses) override {
    note(text("begins {} {}/{} at {}", uid, name_space, name, addresses.front().to_text()));
    if (std::exchange(refuses, false)) co_await already_exists("no rules today");
  }
  Task<void> drains(std::string uid, std::vector<IpAddress> addresses) override {
    note(text("drains {} at {}", uid, addresses.front().to_text()));
    while (holds) co_await released.wait();
  }
  void ended(std::string_view uid) override { note(text("ended {}", uid)); }

  // With the number of containers there are.
  void note(const std::string& what) { told += text("{}, {}\n", what, running()); }
  std::size_t running() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        engine_.list(), [](const auto& c) { return c->state.status == engine::Status::running; }));
  }

  std::string told;
  bool refuses = false, holds = false;
  io::Condition released{"a test that holds a pod's end"};

 private:
  engine::Engine& engine_;
};

// The script knows no signals: a stop kills the process itself.
class KillingContainers final : public Containers {
 public:
  KillingContainers(Containers& real, engine::Engine& engine) : real_(real), engine_(engine) {}
  Task<std::expected<std::string, pod::Waiting>> start(PodPlace place, const json::Item& container,
                                                       int attempt, Said say) override {
    return real_.start(std::move(place), container, attempt, std::move(say));
  }
  Task<engine::SandboxPtr> make_sandbox(const json::Item& pod, std::vector<std::string> host_ips,
                                        Said say) override {
    return real_.make_sandbox(pod, std::move(host_ips), std::move(say));
  }
  Task<void> stop(std::string, Duration) override {
    kill_all();
    co_return;
  }
  Task<void> remove(std::string id) override { return real_.remove(std::move(id)); }
  Task<void> make_control_groups() override { return real_.make_control_groups(); }
  Task<image::ImagePtr> find_image(const json::Item& pod, std::string reference,
                                   std::string policy) override {
    return real_.find_image(pod, std::move(reference), std::move(policy));
  }
  void kill_all() {
    for (const engine::ContainerPtr& container : engine_.list())
      if (container->state.status == engine::Status::running) ::kill(container->state.pid, SIGKILL);
  }

 private:
  Containers& real_;
  engine::Engine& engine_;
};

Task<void> until(std::function<bool()> holds, bool& held) {
  for (int i = 0; i < 500 && !(held = holds()); ++i) co_await io::sleep(milliseconds(10));
}

Task<void> end(io::TaskGroup& strands) {
  strands.cancel();
  co_await strands.join();
}

Task<void> pause(int ms) { co_await io::sleep(milliseconds(ms)); }

struct WorkerWorld : ContainersWorld {
  WorkerWorld() : ContainersWorld(true) { begin(false); }
  ~WorkerWorld() {
    CHECK(engine.machine.loop.run(end(strands)));
    killing.kill_all();
    CHECK(comes([this] { return traffic.running() == 0; }));
  }

  // A daemon that finds what an earlier one has made, or nothing.
  void begin(bool found) {
    worker = std::make_unique<PodWorker>(
        WorkerGround{engine.machine.loop, *engine.engine, killing, volumes, runs, statuses, said, http,
                     engine.machine.random, engine.machine.clock, engine.machine.log, host_ips, engine.group,
                     &traffic},
        std::make_shared<const json::Tree>(pod("")), found);
    strands.spawn(worker->run(), "worker");
    strands.spawn(runs.follow([this](const std::string&, std::string_view) { worker->look(); }), "events");
  }
  void begin_again() {
    CHECK(engine.machine.loop.run(end(strands)));
    worker.reset();
    traffic.told.clear();
    runs.load();
    begin(true);
  }
  json::Tree pod(std::string_view metadata) {
    return parsed(text(R"({{"metadata":{{"name":"web","namespace":"ns","uid":"u1"{}}},"spec":{{
        "dnsPolicy":"Default","terminationGracePeriodSeconds":30,"restartPolicy":"Always",
        "containers":[{{"name":"c","image":"{}","imagePullPolicy":"Never","command":["sleep"]}}]}}}})",
                       metadata, box));
  }
  void remove() {
    worker->change(std::make_shared<const json::Tree>(
        pod(R"(,"deletionTimestamp":"2026-01-01T00:00:00Z","deletionGracePeriodSeconds":30)")));
  }
  bool comes(std::function<bool()> holds) {
    bool held = false;
    CHECK(engine.machine.loop.run(until(std::move(holds), held)));
    return held;
  }
  bool told(std::string_view line) {
    return comes([&] { return traffic.told.contains(line); });
  }
  bool runs_one() {
    return comes([&] { return traffic.running() == 1; });
  }

  const std::vector<std::string> host_ips{"192.0.2.1"};
  NotedTraffic traffic{*engine.engine};
  KillingContainers killing{*containers, *engine.engine};
  Runs runs{*engine.engine, engine.events};
  Statuses statuses{engine.machine.loop, client, engine.machine.log};
  client::Events said{client, engine.machine.clock};
  std::unique_ptr<PodWorker> worker;
  io::TaskGroup strands{engine.machine.loop};
};

}  // namespace

TEST_CASE("the network around a pod knows of it before its first container, and until its last") {
  if (!engine::can_run()) return;
  WorkerWorld world;
  CHECK(world.runs_one());
  CHECK_EQ(world.traffic.told, "begins u1 ns/web at 172.17.0.2, 0\n");
  world.remove();
  CHECK(world.told("ended u1, 0\n"));
  CHECK_EQ(world.traffic.told,
           "begins u1 ns/web at 172.17.0.2, 0\ndrains u1 at 172.17.0.2, 1\nended u1, 0\n");
}

TEST_CASE("no container starts until what policies say of its pod is in force") {
  if (!engine::can_run()) return;
  WorkerWorld world;
  world.traffic.refuses = true;
  CHECK(world.runs_one());
  CHECK_EQ(world.traffic.told, "begins u1 ns/web at 172.17.0.2, 0\nbegins u1 ns/web at 172.17.0.2, 0\n");
}

TEST_CASE("a pod that ends gets its signal when nothing is sent to it any more, or after a while") {
  if (!engine::can_run()) return;
  for (const bool released : {true, false}) {
    WorkerWorld world;
    CHECK(world.runs_one());
    world.traffic.holds = true;
    world.remove();
    CHECK(world.told("drains u1"));
    CHECK(world.engine.machine.loop.run(pause(200)));
    CHECK(world.traffic.running() == 1);
    world.traffic.holds = !released;
    world.traffic.released.notify_all();
    CHECK(world.told("ended u1, 0\n"));
  }
}

TEST_CASE("a pod that a daemon finds running is told of again, and goes on") {
  if (!engine::can_run()) return;
  WorkerWorld world;
  CHECK(world.runs_one());
  const std::string id = world.engine.engine->list().front()->id;
  world.begin_again();
  CHECK(world.told("begins u1 ns/web at 172.17.0.2, 1\n"));
  CHECK(world.engine.machine.loop.run(pause(100)));
  CHECK(world.traffic.running() == 1);
  CHECK(world.engine.engine->list().front()->id == id);
}

}  // namespace podo::node
