// The states of containers. What the engine does not know any more is taken from what was said before.
#include <algorithm>

#include "cluster/pod/plan.h"
#include "cluster/pod/status_parts.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"

namespace podo::pod {
namespace {

using kube::find_at;
using kube::text_at;

std::string_view list_of(Role role) {
  switch (role) {
    case Role::init:
    case Role::sidecar: return "initContainerStatuses";
    case Role::main: return "containerStatuses";
    case Role::ephemeral: return "ephemeralContainerStatuses";
  }
  return {};
}

const json::Item* in_list(const json::Item& status, const Part& part) {
  for (const json::Item& item : kube::children_at(status, list_of(part.role)))
    if (text_at(item, "name") == part.name) return &item;
  return nullptr;
}

void tell_end(json::Item& state, const Run& run) {
  json::Item& ended = state.member("terminated");
  ended.member("exitCode").set_number(run.exit_code);
  if (!run.reason.empty()) ended.member("reason").set_string(run.reason);
  if (!run.message.empty()) ended.member("message").set_string(run.message);
  ended.member("startedAt").set_string(kube::time_text(run.started));
  ended.member("finishedAt").set_string(kube::time_text(run.finished));
  ended.member("containerID").set_string("podo://" + run.id);
}

void tell_run(json::Item& state, const Run& run) {
  if (run.state == Run::State::exited) tell_end(state, run);
  else if (run.is_up()) state.member("running").member("startedAt").set_string(kube::time_text(run.started));
}

void tell_waiting(json::Item& state, std::string_view reason, std::string_view message) {
  json::Item& waiting = state.member("waiting");
  waiting.set_object();
  waiting.member("reason").set_string(reason);
  if (!message.empty()) waiting.member("message").set_string(message);
}

void tell_unknown_end(json::Item& state, std::string_view message) {
  json::Item& ended = state.member("terminated");
  ended.member("exitCode").set_number(137);
  ended.member("reason").set_string("ContainerStatusUnknown");
  ended.member("message").set_string(message);
  ended.member("startedAt").set_null();
  ended.member("finishedAt").set_null();
}

constexpr std::string_view lost_words =
    "The container could not be located when the pod was deleted.  The container used to be Running";

// The engine has nothing of it.
void tell_absent(const Telling& telling, json::Item& out, const json::Item* before) {
  const bool initializes = telling.parts.front().role <= Role::sidecar;
  json::Item& state = out.member("state");
  const json::Item* ended = before != nullptr ? find_at(*before, "state.terminated") : nullptr;
  if (ended != nullptr) {
    out.copy(*before);
    return;
  }
  std::int64_t restarts = before != nullptr ? kube::number_at(*before, "restartCount") : 0;
  if (before != nullptr && find_at(*before, "state.running") != nullptr) {
    if (telling.ending) return tell_unknown_end(state, lost_words);
    out.member("lastState").set_object();
    tell_unknown_end(out.member("lastState"), lost_words);
    ++restarts;
  }
  tell_waiting(state, initializes ? "PodInitializing" : "ContainerCreating", "");
  out.member("restartCount").set_number(restarts);
}

void tell_resources(json::Item& out, const json::Item& container) {
  json::Item& resources = out.member("resources");
  resources.set_object();
  for (const std::string_view which : {"limits", "requests"})
    if (const json::Item* amounts = container.find("resources", which); amounts && amounts->size() != 0)
      resources.member(which).copy(*amounts);
  if (const json::Item* requests = resources.find("requests"))
    out.member("allocatedResources").copy(*requests);
}

void tell_mounts(json::Item& out, const json::Item& container) {
  for (const json::Item& mount : kube::children_at(container, "volumeMounts")) {
    json::Item& told = out.member("volumeMounts").append();
    told.member("name").set_string(text_at(mount, "name"));
    told.member("mountPath").set_string(text_at(mount, "mountPath"));
    if (!kube::is_true_at(mount, "readOnly")) continue;
    told.member("readOnly").set_boolean(true);
    const bool recursive = text_at(mount, "recursiveReadOnly") == "Enabled";
    told.member("recursiveReadOnly").set_string(recursive ? "Enabled" : "Disabled");
  }
}

// It ended and is to start again, but cannot yet.
void tell_why_not(Telling& telling, const Part& part, json::Item& out) {
  const ContainerFacts& facts = facts_of(part, telling.seen);
  if (facts.is_up() || telling.ending) return;
  std::optional<Waiting> why = crash_loop(telling.pod, part, telling.seen, telling.now);
  if (!why && is_to_start(telling.pod, part, telling.seen)) why = facts.waiting;
  if (!why) return;
  json::Item& state = out.member("state");
  if (state.find("terminated") != nullptr) out.member("lastState").copy(state);
  state.set_object();
  tell_waiting(state, why->reason, why->message);
}

void tell_readiness(const Telling& telling, const Part& part, json::Item& out) {
  const ContainerFacts& facts = facts_of(part, telling.seen);
  bool ready = false;
  const bool started = has_started(part, telling.seen);
  if (part.role == Role::init) {
    ready =
        find_at(out, "state.terminated") != nullptr && kube::number_at(out, "state.terminated.exitCode") == 0;
  } else if (part.role != Role::ephemeral) {
    ready = started && (find_at(*part.container, "readinessProbe") == nullptr || facts.ready == true);
  }
  out.member("ready").set_boolean(ready);
  if (part.role != Role::ephemeral) out.member("started").set_boolean(started);
}

// It is told as long as the same run is.
void tell_user(json::Item& out, const Run& run, const json::Item* before) {
  if (run.user) {
    json::Item& user = out.member("user").member("linux");
    user.member("uid").set_number(run.user->uid);
    user.member("gid").set_number(run.user->gid);
    for (const std::uint32_t group : run.user->groups)
      user.member("supplementalGroups").append().set_number(group);
  } else if (before != nullptr && text_at(*before, "containerID") == "podo://" + run.id) {
    if (const json::Item* user = before->find("user")) out.member("user").copy(*user);
  }
}

void tell_known(json::Item& out, const Part& part, const ContainerFacts& facts, const json::Item* before) {
  const Run& run = *facts.newest();
  tell_run(out.member("state"), run);
  if (run.state == Run::State::created) tell_waiting(out.member("state"), "ContainerCreating", "");
  if (facts.runs.size() > 1 && facts.runs[1].state == Run::State::exited)
    tell_end(out.member("lastState"), facts.runs[1]);
  else if (const json::Item* last = before != nullptr ? find_at(*before, "lastState") : nullptr;
           last != nullptr && text_at(*last, "terminated.containerID") != "podo://" + run.id)
    out.member("lastState").copy(*last);
  out.member("restartCount").set_number(run.attempt);
  out.member("image").set_string(run.image);
  out.member("imageID").set_string(run.image_id);
  out.member("containerID").set_string("podo://" + run.id);
  tell_resources(out, *part.container);
  tell_mounts(out, *part.container);
  tell_user(out, run, before);
}

void tell_container(Telling& telling, const Part& part) {
  const ContainerFacts& facts = facts_of(part, telling.seen);
  const json::Item* before = in_list(telling.previous, part);
  json::Item& out = telling.status.member(list_of(part.role)).append();
  out.set_object();
  out.member("name").set_string(part.name);
  out.member("state").set_object();
  out.member("lastState").set_object();
  out.member("image").set_string(text_at(*part.container, "image"));
  out.member("imageID").set_string("");
  if (before != nullptr && facts.newest() == nullptr)
    if (const json::Item* last = find_at(*before, "lastState")) out.member("lastState").copy(*last);
  if (facts.newest() != nullptr) tell_known(out, part, facts, before);
  else tell_absent(telling, out, before);
  tell_why_not(telling, part, out);
  tell_readiness(telling, part, out);
}

}  // namespace

const json::Item* told_of(const Telling& telling, const Part& part) { return in_list(telling.status, part); }

void tell_containers(Telling& telling) {
  for (const Part& part : telling.parts) tell_container(telling, part);
}

}  // namespace podo::pod
