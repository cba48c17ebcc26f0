// Pods live through what a seed brings: exits, failing probes, deletions, reboots, other images, starts that
// fail. Whatever happens, what must never happen does not, and a pod that is deleted is gone in time.
#include <algorithm>
#include <set>

#include "cluster/pod/plan_world_testing.h"

namespace podo::pod {
namespace {

std::string random_pod(Random& random) {
  const auto pick = [&](std::vector<std::string_view> of) {
    return std::string(of[random.below(of.size())]);
  };
  std::string inits, mains;
  for (std::uint64_t i = 0, count = random.below(4); i < count; ++i)
    inits +=
        text(R"({}{{"name":"i{}","image":"v1"{}{}}})", i == 0 ? "" : ",", i,
             pick({"", R"(,"restartPolicy":"Always")", R"(,"restartPolicy":"Always","startupProbe":{})"}),
             pick({"", R"(,"lifecycle":{"preStop":{"exec":{}}})"}));
  for (std::uint64_t i = 0, count = 1 + random.below(3); i < count; ++i)
    mains += text(R"({}{{"name":"c{}","image":"v1"{}{}}})", i == 0 ? "" : ",", i,
                  pick({"", R"(,"livenessProbe":{},"readinessProbe":{})", R"(,"startupProbe":{})"}),
                  pick({"", R"(,"lifecycle":{"preStop":{"exec":{}}})", R"(,"restartPolicy":"OnFailure")"}));
  return text(
      R"({{"metadata":{{"name":"p","namespace":"ns","uid":"u"}},"spec":{{"restartPolicy":"{}",)"
      R"("terminationGracePeriodSeconds":{},"initContainers":[{}],"containers":[{}]}}}})",
      pick({"Always", "OnFailure", "Never"}), 1 + random.below(20), inits, mains);
}

class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed), world_(random_pod(random_)) {}

  void run() {
    for (int step = 0; step < 300; ++step) {
      CAPTURE(step);
      if (random_.below(3) == 0) happen();
      look();
      world_.pass(milliseconds(static_cast<std::int64_t>(1 + random_.below(4000))));
    }
    if (!deleted_) remove();
    const Monotonic asked = world_.at;
    bool done = false;
    while (!done && world_.at - asked < seconds(60)) {
      done = look();
      settle_stops();
      world_.pass(milliseconds(100));
    }
    CHECK(done);
    CHECK(is_terminal(world_.phase()));
    CHECK(is_still(world_.seen));
  }

 private:
  bool look() {
    const std::string before(world_.phase());
    const std::vector<int> restarts = all_restarts();
    const std::size_t logged = world_.log.size();
    const Plan plan = world_.look();
    check_order(plan);
    if (is_terminal(before)) CHECK(world_.phase() == before);
    if (is_terminal(world_.phase())) CHECK(is_still(world_.seen));
    if (plan.ending) CHECK_FALSE(plan.start);
    CHECK(world_.log.size() - logged < 40);
    const std::vector<int> now = all_restarts();
    for (std::size_t i = 0; i < restarts.size(); ++i) CHECK(now[i] >= restarts[i]);
    return plan.done;
  }

  std::vector<int> all_restarts() const {
    std::vector<int> counts;
    for (const Part& part : parts_of(world_.pod.root())) {
      int count = 0;
      for (const std::string_view list : {"initContainerStatuses", "containerStatuses"})
        for (const json::Item& item : kube::children_at(world_.told.root(), list))
          if (kube::text_at(item, "name") == part.name)
            count = static_cast<int>(kube::number_at(item, "restartCount"));
      counts.push_back(count);
    }
    return counts;
  }

  // Nothing starts before its time.
  void check_order(const Plan& plan) {
    const std::vector<Part> parts = parts_of(world_.pod.root());
    for (const Stop& stop : plan.stops) CHECK(stop.left >= Duration{});
    if (!plan.start) return;
    CHECK(world_.seen.sandbox);
    CHECK(world_.seen.volumes);
    for (const Part& part : parts) {
      if (part.name == plan.start->container) {
        if (part.role == Role::main && plan.start->attempt == 0) CHECK(is_initialized_or_was(parts));
        if (plan.start->attempt > 0) check_policy(part);
        return;
      }
    }
    FAIL("started what is not in the pod");
  }

  bool is_initialized_or_was(const std::vector<Part>& parts) const {
    return was_initialized_ || is_initialized(parts, world_.seen);
  }

  // What its policy does not restart is restarted only when it was changed, or is of before a reboot.
  void check_policy(const Part& part) {
    const auto& runs = world_.facts(part.name).runs;
    REQUIRE(runs.size() >= 2);
    if (runs[1].created < world_.seen.sandbox_created || runs[1].spec_hash != runs[0].spec_hash) return;
    if (probed_.contains(std::string(part.name))) return;
    CHECK(restarts_after(world_.pod.root(), part, runs[1].exit_code));
  }

  void happen() {
    const std::vector<Part> parts = parts_of(world_.pod.root());
    const Part& part = parts[random_.below(parts.size())];
    ContainerFacts& facts = world_.facts(part.name);
    switch (random_.below(9)) {
      case 0:
      case 1:
      case 2:
        if (facts.is_up()) world_.end(part.name, random_.below(2) == 0 ? 0 : 1);
        break;
      case 3:
        if (facts.is_up()) facts.startup = random_.below(4) != 0;
        probed_.insert(std::string(part.name));
        break;
      case 4:
        if (facts.is_up() && random_.below(4) == 0) facts.alive = false;
        probed_.insert(std::string(part.name));
        break;
      case 5:
        if (random_.below(10) == 0) reboot();
        break;
      case 6: facts.waiting = Waiting{"ErrImagePull", "no", world_.at + seconds(3)}; break;
      case 7:
        if (random_.below(20) == 0) remove();
        break;
      case 8: settle_stops(); break;
    }
  }

  // What was told to end does, sooner or later; hooks end, too.
  void settle_stops() {
    for (auto& [name, facts] : world_.seen.containers) {
      if (!facts.stopping || !facts.is_up()) continue;
      if (facts.stopping->pre_stop == Stopping::Hook::running && random_.below(2) == 0)
        facts.stopping->pre_stop = Stopping::Hook::done;
      if (facts.stopping->killed || (facts.stopping->told && world_.at >= facts.stopping->kill_at))
        world_.end(name, 137);
      else if (facts.stopping->told && random_.below(2) == 0) world_.end(name, 143);
    }
  }

  void reboot() {
    if (!world_.seen.sandbox) return;
    for (auto& [name, facts] : world_.seen.containers) {
      if (facts.is_up()) world_.end(name, 255);
      facts.stopping.reset();
    }
    world_.seen.sandbox = false;
    world_.seen.lost = true;
    world_.seen.pod_ips.clear();
  }

  void remove() {
    deleted_ = true;
    world_.pod.root().member("metadata").member("deletionTimestamp").set_string("x");
    world_.pod.root()
        .member("metadata")
        .member("deletionGracePeriodSeconds")
        .set_number(static_cast<std::int64_t>(random_.below(20)));
  }

  SeededRandom random_;
  PlanWorld world_;
  bool deleted_ = false, was_initialized_ = false;
  std::set<std::string> probed_;
};

}  // namespace

TEST_CASE("pods live and end as they should, whatever happens") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    Life(seed).run();
  }
}

}  // namespace podo::pod
