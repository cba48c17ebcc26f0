#include "cluster/scheduler/queue.h"

#include "cluster/scheduler/scheduler_testing.h"

namespace podo::scheduler {
namespace {

constexpr Monotonic at(std::int64_t s) { return {s * 1'000'000'000}; }

struct Line : Lab {
  Queue queue{{}};
  std::string take(Monotonic now) {
    std::optional<Waiting> taken = queue.take(now);
    if (!taken) return "";
    last = *taken;
    return taken->pod->name;
  }
  Waiting last;
};

}  // namespace

TEST_CASE("the highest priority first, then who came first") {
  Line line;
  line.queue.add(line.pod("a"), at(1));
  line.queue.add(line.pod("b", {.priority = 5}), at(2));
  line.queue.add(line.pod("c"), at(0));
  CHECK(line.take(at(3)) == "b");
  CHECK(line.take(at(3)) == "c");
  CHECK(line.take(at(3)) == "a");
  CHECK(line.take(at(3)).empty());
}

TEST_CASE("failures wait longer and longer, 10 s at most") {
  Line line;
  CHECK(line.queue.back_off_of(1) == seconds(1));
  CHECK(line.queue.back_off_of(3) == seconds(4));
  CHECK(line.queue.back_off_of(5) == seconds(10));
  CHECK(line.queue.back_off_of(100) == seconds(10));
  line.queue.add(line.pod("a"), at(0));
  CHECK(line.take(at(0)) == "a");
  line.queue.back_off(line.last, at(0));
  CHECK(line.take(at(0)).empty());
  CHECK(line.queue.next_due() == at(1));
  CHECK(line.take(at(1)) == "a");
  line.queue.back_off(line.last, at(1));
  CHECK(line.take(at(2)).empty());
  CHECK(line.take(at(3)) == "a");
}

TEST_CASE("parked pods wait for what helps, but not for ever") {
  Line line;
  const PodPtr a = line.pod("a"), b = line.pod("b");
  line.queue.add(a, at(0));
  line.queue.add(b, at(0));
  while (!line.take(at(0)).empty()) line.queue.park(line.last, at(0));
  CHECK(line.queue.parked() == 2);
  line.queue.wake(at(20), [&](const Waiting& waiting) { return waiting.pod == b; });
  CHECK(line.take(at(20)) == "b");
  CHECK(line.take(at(20)).empty());
  CHECK(line.take(at(300)) == "a");
}

TEST_CASE("who is woken early still backs off") {
  Line line;
  line.queue.add(line.pod("a"), at(0));
  CHECK(line.take(at(0)) == "a");
  line.queue.park(line.last, at(0));
  line.queue.wake(at(0), [](const Waiting&) { return true; });
  CHECK(line.take(at(0)).empty());
  CHECK(line.take(at(1)) == "a");
}

TEST_CASE("gated pods wait for their gates to go") {
  Line line;
  const PodPtr gated = line.pod("a", {.spec = R"("schedulingGates":[{"name":"g"}],)"});
  line.queue.add(gated, at(0));
  CHECK(line.take(at(100)).empty());
  Pod free = *gated;
  free.gated = false;
  line.queue.update(std::make_shared<const Pod>(free));
  CHECK(line.take(at(100)) == "a");
  line.queue.add(gated, at(0));
  line.queue.remove(gated->uid);
  CHECK(line.queue.size() == 0);
}

TEST_CASE("only what could help wakes a pod") {
  Lab lab;
  lab.node("n1", {.cpu = "1"});
  const std::size_t n1 = *lab.snapshot.find("n1");
  const auto helps = [&](Happening what, const PodPtr& pod, Obstacle obstacle, bool refused = false) {
    const Waiting waiting{.pod = pod, .obstacles = 1u << static_cast<unsigned>(obstacle), .refused = refused};
    return could_help(what, n1, waiting, lab.snapshot);
  };
  const PodPtr small = lab.pod("small", {.cpu = "1"}), big = lab.pod("big", {.cpu = "2"});
  CHECK(helps(Happening::node_changed, small, Obstacle::resources));
  CHECK_FALSE(helps(Happening::node_changed, big, Obstacle::resources));
  CHECK(helps(Happening::pod_gone, small, Obstacle::resources));
  CHECK_FALSE(helps(Happening::pod_placed, small, Obstacle::resources));
  CHECK(helps(Happening::pod_placed, big, Obstacle::affinity));
  CHECK(helps(Happening::pod_gone, big, Obstacle::anti_affinity));
  CHECK(helps(Happening::node_gone, big, Obstacle::spread));
  CHECK_FALSE(helps(Happening::storage, small, Obstacle::resources));
  CHECK(helps(Happening::storage, small, Obstacle::none, true));
  CHECK_FALSE(helps(Happening::node_changed, small, Obstacle::none, true));
}

}  // namespace podo::scheduler
