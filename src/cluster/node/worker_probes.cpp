// The probes of a pod's containers: a strand each, while its container runs and wants to be asked.
#include "cluster/node/worker.h"
#include "model/kube/path.h"

namespace podo::node {

using kube::find_at;
using pod::ProbeKind;

void PodWorker::keep_probes() {
  for (const pod::Part& part : pod::parts_of(pod())) {
    if (part.role != pod::Role::main && part.role != pod::Role::sidecar) continue;
    const pod::ContainerFacts& facts = pod::facts_of(part, seen_);
    const pod::Run* run = facts.newest();
    const bool up = run != nullptr && run->state == pod::Run::State::running && !facts.starting;
    const bool stays = up && !facts.stopping && !seen_.ending_since;
    const bool started = up && pod::has_started(part, seen_);
    keep_probe(part, ProbeKind::startup, stays && !facts.startup);
    keep_probe(part, ProbeKind::liveness, stays && started && facts.alive != false);
    keep_probe(part, ProbeKind::readiness, started);
  }
}

void PodWorker::keep_probe(const pod::Part& part, ProbeKind kind, bool wanted) {
  const json::Item* probe = find_at(*part.container, pod::field_of(kind));
  const std::string key = text("{}/{}", part.name, pod::field_of(kind));
  const pod::Run* run = pod::facts_of(part, seen_).newest();
  wanted &= probe != nullptr;
  if (const auto known = probes_.find(key); known != probes_.end()) {
    if (wanted && known->second.id == run->id) return;
    known->second.strand->cancel();
    ended_.push_back(std::move(known->second.strand));
    probes_.erase(known);
  }
  if (!wanted) return;
  const Monotonic now = ground_.clock.now();
  const Duration age{ground_.clock.wall().ns - run->started.ns};
  // Of those that ran before this daemon did, not all are asked at once.
  const int jitter = found_ && age > seconds(60) ? static_cast<int>(ground_.random.below(1000)) : 0;
  const pod::ContainerFacts& facts = pod::facts_of(part, seen_);
  const std::optional<bool> before = kind == ProbeKind::readiness ? facts.ready : std::nullopt;
  pod::ProbeSchedule schedule(kind, pod::ProbeTimes::of(*probe), jitter != 0 ? now : now + Duration{-age.ns},
                              jitter, before);
  Probing& probing = probes_[key];
  probing = {run->id, std::make_unique<io::TaskGroup>(ground_.loop)};
  probing.strand->spawn(then_look(this->probe(std::string(part.name), kind, json::Tree::copy_of(*probe),
                                              target_of(*part.container, run->id), schedule)),
                        "probe " + key);
}

Task<void> PodWorker::probe(std::string name, ProbeKind kind, json::Tree probe, Target target,
                            pod::ProbeSchedule schedule) {
  const Duration within = pod::ProbeTimes::of(probe.root()).timeout;
  while (!schedule.is_over()) {
    const Duration wait = schedule.due() - ground_.clock.now();
    if (wait.ns > 0) co_await io::sleep(wait);
    const Result<Outcome> outcome = co_await act({ground_.loop, &ground_.engine, ground_.probing},
                                                 json::Tree::copy_of(probe.root()), target, within)
                                        .result();
    if (!outcome && outcome.error().kind() == ErrorKind::cancelled) co_return;
    const bool ok = outcome && outcome->ok;
    if (!outcome)
      say({"Unhealthy",
           text("{} probe errored and resulted in {} state: {}", pod::name_of(kind), "unknown",
                outcome.error().message()),
           true},
          name);
    else if (!ok)
      say({"Unhealthy", text("{} probe failed: {}", pod::name_of(kind), outcome->output), true}, name);
    else if (outcome->warns)
      say({"ProbeWarning", text("{} probe warning: {}", pod::name_of(kind), outcome->output), true}, name);
    if (schedule.add(ok, ground_.clock.now())) take_result(name, kind, ok);
  }
}

void PodWorker::take_result(const std::string& name, ProbeKind kind, bool result) {
  pod::ContainerFacts& facts = seen_.containers[name];
  switch (kind) {
    case ProbeKind::startup: facts.startup = result; break;
    case ProbeKind::readiness: facts.ready = result; break;
    case ProbeKind::liveness: facts.alive = result; break;
  }
  look();
}

}  // namespace podo::node
