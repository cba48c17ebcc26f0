#include "cluster/scheduler/driver.h"

#include <algorithm>

#include "base/io/combine.h"

namespace podo::scheduler {
namespace {

// Nothing is due: until something stirs.
constexpr Duration at_rest = seconds(3600);

std::uint32_t bits_of(const Diagnosis& diagnosis) {
  std::uint32_t bits = 0;
  for (const auto& [node, verdict] : diagnosis.verdicts)
    bits |= 1u << static_cast<unsigned>(verdict.obstacle);
  return bits;
}

}  // namespace

Driver::Driver(SchedulerGround ground, SchedulerOptions options)
    : ground_(ground),
      options_(std::move(options)),
      world_(ground_, options_),
      picker_(ground_.random),
      events_(ground_.client, ground_.loop.clock()),
      writes_(ground_.loop) {}

Task<void> Driver::run() {
  co_await world_.start();
  const Result<void> ended = co_await run_strands().result();
  writes_.cancel();
  const io::Shield shield = co_await io::raise_shield();
  co_await writes_.join();
  co_await Result<void>(ended);
}

Task<void> Driver::run_strands() {
  io::TaskGroup group(ground_.loop);
  group.spawn(events_.run(), "events of the scheduler");
  group.spawn(check_assumed(), "assumed pods");
  group.spawn(work(), "the scheduler");
  co_await group.join();
}

Task<void> Driver::wait_for_work() {
  while (!world_.is_stirred) co_await world_.stirred.wait();
}

Task<void> Driver::work() {
  for (;;) {
    while (sending_ >= options_.bindings_most) co_await sent_.wait();
    world_.is_stirred = false;
    std::optional<Waiting> next = world_.queue().take(world_.now());
    if (next) {
      decide(*std::move(next));
      co_await io::yield();  // what came in meanwhile
      continue;
    }
    const std::optional<Monotonic> due = world_.queue().next_due();
    const Duration rest = due ? std::max(*due - world_.now(), milliseconds(1)) : at_rest;
    const Result<void> woken = co_await io::deadline(wait_for_work(), rest).result();
    if (!woken && woken.error().kind() == ErrorKind::cancelled) co_await Result<void>(woken);
  }
}

void Driver::decide(Waiting waiting) {
  Snapshot& snapshot = world_.snapshot();
  const Fitting fitting(snapshot, world_.storage(), waiting.pod);
  Picked picked = picker_.pick(fitting, snapshot.nominated_node(*waiting.pod));
  if (!picked.node) return refuse(std::move(waiting), fitting, std::move(picked.diagnosis));
  std::string uid = waiting.pod->uid;
  VolumePlan volumes = waiting.pod->claims.empty() ? VolumePlan() : fitting.plan_volumes(*picked.node);
  world_.assume(std::move(waiting), *picked.node, std::move(volumes));
  ++sending_;
  writes_.spawn(bind(std::move(uid)));
}

void Driver::refuse(Waiting waiting, const Fitting& fitting, Diagnosis diagnosis) {
  const PodPtr pod = waiting.pod;
  Refused refused{.pod = pod, .message = {}, .nominated = {}, .victims = {}};
  if (diagnosis.nodes != 0) {
    const Preemption plan = plan_preemption(fitting, diagnosis, world_.budgets(), ground_.random);
    diagnosis.preemption = plan.refused;
    nominate(plan, refused);
  }
  refused.message = message_of(diagnosis, *pod->shape);
  if (refused.victims.empty())
    if (const std::string change = smallest_change(diagnosis, fitting); !change.empty())
      refused.message.append(" ").append(change);
  waiting.obstacles = bits_of(diagnosis);
  waiting.refused = !diagnosis.refused.empty();
  world_.queue().park(std::move(waiting), world_.now());
  writes_.spawn(write_refusal(std::move(refused)));
}

// The node is the pod's before its victims have gone; who was nominated for it and is less important tries
// again.
void Driver::nominate(const Preemption& plan, Refused& refused) {
  Snapshot& snapshot = world_.snapshot();
  const PodPtr& pod = refused.pod;
  if (!plan.node) {
    const bool had = !snapshot.nominated_node(*pod).empty() || !pod->nominated.empty();
    if (!had || plan.refused.starts_with("not eligible")) return;
    snapshot.end_nomination(*pod);
    refused.nominated = "";
    return;
  }
  const NodeInfo& info = snapshot.nodes()[*plan.node];
  const std::string node = info.node.name;
  const std::vector<PodPtr> others = info.nominated;
  for (const PodPtr& other : others) {
    if (other->priority() >= pod->priority() || other->uid == pod->uid) continue;
    snapshot.end_nomination(*other);
    writes_.spawn(clear_nomination(other));
    world_.wake(other->uid);
  }
  snapshot.nominate(pod, node);
  refused.nominated = node;
  refused.victims = plan.victims;
}

Task<void> run_scheduler(SchedulerGround ground, SchedulerOptions options) {
  Driver driver(ground, std::move(options));
  co_await driver.run();
}

}  // namespace podo::scheduler
