// Containers of a pod are started, greeted (postStart), stopped (preStop, signal) and removed.
#include <algorithm>

#include "base/io/combine.h"
#include "cluster/node/worker.h"
#include "cluster/pod/cgroup.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::find_at;

constexpr Duration hook_max = seconds(24 * 3600);  // postStart has no time of its own
constexpr Duration retry_min = seconds(1);         // of a start that failed

const json::Item* container_named(const json::Item& pod, std::string_view name) {
  for (const pod::Part& part : pod::parts_of(pod))
    if (part.name == name) return part.container;
  return nullptr;
}

// What an HTTP server says to a hook does not matter.
std::optional<std::string> failure_of(const Result<Outcome>& outcome) {
  if (!outcome) return outcome.error().message();
  if (outcome->ok || outcome->answered) return {};
  return outcome->output;
}

}  // namespace

Target PodWorker::target_of(const json::Item& container, std::string id) const {
  const bool host = kube::is_true_at(pod(), "spec.hostNetwork");
  const std::vector<std::string>& addresses = host ? seen_.host_ips : seen_.pod_ips;
  return Target::of(container, std::move(id), addresses.empty() ? "" : addresses.front());
}

void PodWorker::start(const pod::Start& start) {
  pod::ContainerFacts& facts = seen_.containers[start.container];
  facts.starting = true;
  facts.back_off = start.back_off;
  if (starting_) ended_.push_back(std::move(starting_));
  starting_ = std::make_unique<io::TaskGroup>(ground_.loop);
  starting_->spawn(then_look(start_container(pod_, start)), "start container " + start.container);
}

Task<void> PodWorker::start_container(PodPtr pod, pod::Start start) {
  const Result<void> greeted = co_await start_and_greet(std::move(pod), start).result();
  seen_.containers[start.container].starting = false;
  co_await Result<void>(greeted);
}

Task<void> PodWorker::start_and_greet(PodPtr pod, pod::Start start) {
  const json::Item* container = container_named(pod->root(), start.container);
  PodPlace place{.pod = pod->root(),
                 .sandbox = ground_.engine.find_sandbox(uid_),
                 .pod_ips = seen_.pod_ips,
                 .host_ips = seen_.host_ips,
                 .cgroup_parent = pod::pod_group(ground_.cgroup_root, pod->root())};
  if (kube::is_true_at(pod->root(), "spec.hostNetwork")) place.pod_ips = seen_.host_ips;
  const auto started = co_await ground_.containers.start(
      std::move(place), *container, start.attempt,
      [this, &start](const client::Said& said) { say(said, start.container); });
  pod::ContainerFacts& facts = seen_.containers[start.container];
  if (!started) {
    facts.waiting = started.error();
    facts.waiting->again_at = std::max(facts.waiting->again_at, ground_.clock.now() + retry_min);
    co_return;
  }
  facts.waiting.reset();
  look();  // it runs, whatever its hook does
  if (find_at(*container, "lifecycle.postStart") != nullptr)
    co_await run_post_start(*container, start.container, *started);
}

Task<void> PodWorker::run_post_start(const json::Item& container, std::string name, std::string id) {
  const json::Item& hook = *find_at(container, "lifecycle.postStart");
  const Result<Outcome> outcome = co_await act({ground_.loop, &ground_.engine, ground_.probing},
                                               json::Tree::copy_of(hook), target_of(container, id), hook_max)
                                      .result();
  if (!outcome && outcome.error().kind() == ErrorKind::cancelled) co_return;
  const std::optional<std::string> failure = failure_of(outcome);
  if (!failure) co_return;
  say({.reason = "FailedPostStartHook", .message = "PostStartHook failed", .warning = true}, name);
  pod::ContainerFacts& facts = seen_.containers[name];
  facts.post_start_failed = true;
  facts.waiting = pod::Waiting{"PostStartHookError", *failure, {}};
}

void PodWorker::stop(const pod::Stop& stop) {
  pod::ContainerFacts& facts = seen_.containers[stop.container];
  const Monotonic now = ground_.clock.now();
  if (!facts.stopping)
    facts.stopping = pod::Stopping{.since = now, .grace = stop.grace, .restart = stop.restart};
  facts.stopping->grace = std::min(facts.stopping->grace, stop.grace);
  switch (stop.step) {
    case pod::Stop::Step::pre_stop:
      facts.stopping->pre_stop = Hook::running;
      spawn(when_drained(run_pre_stop(pod_, stop)), "preStop of " + stop.container);
      break;
    case pod::Stop::Step::signal:
      facts.stopping->told = true;
      facts.stopping->kill_at = now + stop.left;
      spawn(when_drained(ground_.containers.stop(stop.id, stop.left)), "stop " + stop.container);
      break;
    case pod::Stop::Step::kill:
      facts.stopping->killed = true;
      spawn(ground_.engine.kill(stop.id, "KILL"), "kill " + stop.container);
      break;
  }
}

Task<void> PodWorker::run_pre_stop(PodPtr pod, pod::Stop stop) {
  const json::Item& container = *container_named(pod->root(), stop.container);
  const json::Item& hook = *find_at(container, "lifecycle.preStop");
  const Result<Outcome> outcome =
      co_await io::deadline(act({ground_.loop, &ground_.engine, ground_.probing}, json::Tree::copy_of(hook),
                                target_of(container, stop.id), stop.left),
                            stop.left)
          .result();
  if (!outcome && outcome.error().kind() == ErrorKind::cancelled) co_return;
  if (failure_of(outcome))
    say({.reason = "FailedPreStopHook", .message = "PreStopHook failed", .warning = true}, stop.container);
  pod::ContainerFacts& facts = seen_.containers[stop.container];
  if (facts.stopping) facts.stopping->pre_stop = Hook::done;
}

Task<void> PodWorker::remove_run(std::string id) {
  const Result<void> removed = co_await ground_.containers.remove(id).result();
  if (removed || removed.error().kind() == ErrorKind::not_found) co_return;
  removing_.erase(id);
  if (removed.error().kind() == ErrorKind::cancelled) co_return;
  co_await io::sleep(retry_min);
  co_await Result<void>(removed);
}

}  // namespace podo::node
