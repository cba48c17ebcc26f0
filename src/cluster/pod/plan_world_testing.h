// A small world for the tests of plans: an engine of values that performs what a plan says, in virtual time.
// Everything takes a moment, so plans are asked while things are under way.
#pragma once

#include <deque>

#include "base/core/random.h"
#include "cluster/pod/container_request.h"
#include "cluster/pod/plan.h"
#include "cluster/pod/pod_testing.h"
#include "cluster/pod/status.h"
#include "model/kube/path.h"

namespace podo::pod {

struct PlanWorld {
  explicit PlanWorld(std::string_view pod_json) : pod(parsed(pod_json)) {
    told = json::Tree::copy_of(kube::part_at(pod.root(), "status"));
  }

  Moment now() const { return {Wall{1'767'225'600'000'000'000 + at.ns}, at}; }
  ContainerFacts& facts(std::string_view name) { return seen.containers[std::string(name)]; }
  std::string_view phase() const { return kube::text_at(told.root(), "phase"); }
  const json::Item& status_of(std::string_view name) const {
    for (const std::string_view list :
         {"initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"})
      for (const json::Item& item : kube::children_at(told.root(), list))
        if (kube::text_at(item, "name") == name) return item;
    FAIL("no status of " << name);
    return told.root();
  }
  std::string condition(std::string_view type) const {
    for (const json::Item& item : kube::children_at(told.root(), "conditions"))
      if (kube::text_at(item, "type") == type)
        return text("{} {} {}", kube::text_at(item, "status"), kube::text_at(item, "reason"),
                    kube::text_at(item, "message"));
    return "none";
  }

  // One look; what is planned has happened when it returns, but for stops.
  Plan look() {
    settle();
    told = status(pod.root(), seen, told.root(), now());
    Plan next = plan(pod.root(), told.root(), seen, now());
    perform(next);
    return next;
  }
  // Looks until nothing is left to do at this moment.
  Plan look_on() {
    Plan last = look();
    for (int i = 0; i < 200 && !last.does_nothing(); ++i) last = look();
    told = status(pod.root(), seen, told.root(), now());
    return last;
  }
  void pass(Duration time) { at = at + time; }

  void end(std::string_view name, int exit_code) {
    Run& run = facts(name).runs.front();
    REQUIRE(run.is_up());
    run.state = Run::State::exited;
    run.exit_code = exit_code;
    run.reason = exit_code == 0 ? "Completed" : "Error";
    run.finished = now().wall;
  }

  json::Tree pod, told;
  Observation seen;
  Monotonic at = {1'000'000'000};
  std::vector<std::string> log;  // what was done, in its order
  int made = 0;

 private:
  void settle() {
    for (auto& [name, known] : seen.containers) {
      if (!known.stopping || known.is_up()) continue;
      known.restart_wanted |= known.stopping->restart;
      known.stopping.reset();
    }
  }

  void perform(const Plan& plan) {
    for (const Told& said : plan.told) log.push_back(text("{}: {}", said.reason, said.message));
    if (plan.ending && !seen.ending_since) seen.ending_since = at;
    for (const Stop& stop : plan.stops) perform(stop);
    for (const std::string& id : plan.remove)
      for (auto& [name, known] : seen.containers)
        std::erase_if(known.runs, [&](const Run& run) { return run.id == id; });
    if (plan.mount) seen.volumes = true;
    if (plan.make_sandbox) {
      seen.sandbox = true;
      seen.sandbox_created = now().wall;
      seen.pod_ips = {"10.0.0.9"};
    }
    if (plan.remove_sandbox) seen.sandbox = seen.lost = false;
    if (plan.unmount) seen.volumes = false;
    if (plan.start) perform(*plan.start);
  }

  void perform(const Stop& stop) {
    ContainerFacts& known = facts(stop.container);
    if (!known.stopping) known.stopping = Stopping{.since = at, .grace = stop.grace, .restart = stop.restart};
    known.stopping->grace = std::min(known.stopping->grace, stop.grace);
    switch (stop.step) {
      case Stop::Step::pre_stop: known.stopping->pre_stop = Stopping::Hook::running; break;
      case Stop::Step::signal:
        known.stopping->told = true;
        known.stopping->kill_at = at + stop.left;
        break;
      case Stop::Step::kill: known.stopping->killed = true; break;
    }
    constexpr std::string_view words[] = {"preStop", "signal", "kill"};
    log.push_back(text("{} {}", words[static_cast<int>(stop.step)], stop.container));
  }

  void perform(const Start& start) {
    ContainerFacts& known = facts(start.container);
    log.push_back(text("start {} {}", start.container, start.attempt));
    known.back_off = start.back_off;
    known.startup = known.ready = known.alive = {};
    known.restart_wanted = known.post_start_failed = false;
    const json::Item* spec = nullptr;
    for (const Part& part : parts_of(pod.root()))
      if (part.name == start.container) spec = part.container;
    Run run;
    run.id = text("id{}", ++made);
    run.attempt = start.attempt;
    run.image = kube::text_at(*spec, "image");
    run.image_id = "sha256:1";
    run.spec_hash = spec_hash(*spec);
    run.state = Run::State::running;
    run.created = run.started = now().wall;
    known.runs.insert(known.runs.begin(), std::move(run));
  }
};

}  // namespace podo::pod
