#include "cluster/node/runs.h"

#include <charconv>

#include "cluster/pod/container_request.h"

namespace podo::node {
namespace {

template <class Number>
Number number_of(std::string_view digits) {
  Number number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

pod::Run::State state_of(const engine::Container& container) {
  using State = pod::Run::State;
  switch (container.state.status) {
    case engine::Status::created: return container.state.error.empty() ? State::created : State::ending;
    case engine::Status::running:
    case engine::Status::paused:
    case engine::Status::restarting: return State::running;
    case engine::Status::removing:
    case engine::Status::exited:
    case engine::Status::dead: return State::ending;
  }
  return State::ending;
}

std::string image_id_of(const engine::Container& container) {
  if (container.image == nullptr) return {};
  return container.image->digests.empty() ? container.image->id : container.image->digests.front();
}

std::string image_of(const engine::Container& container) {
  if (container.image != nullptr && !container.image->tags.empty() &&
      container.image_reference.starts_with("sha256:"))
    return container.image->tags.front();
  return container.image_reference;
}

void tell_end(pod::Run& run, const engine::State& state) {
  run.exit_code = state.exit_code;
  run.oom_killed = state.oom_killed;
  if (run.started.ns == 0) {
    run.reason = "StartError";
    run.message = state.error;
    run.exit_code = 128;
    run.finished = run.created;
  } else {
    run.reason = state.oom_killed ? "OOMKilled" : state.exit_code == 0 ? "Completed" : "Error";
  }
}

}  // namespace

std::string_view label_of(const engine::Container& container, std::string_view label) {
  const auto found = container.config.labels.find(std::string(label));
  return found != container.config.labels.end() ? std::string_view(found->second) : std::string_view();
}

pod::Run run_of(const engine::Container& container) {
  pod::Run run;
  run.id = container.id;
  run.attempt = number_of<int>(label_of(container, pod::label::attempt));
  run.image = image_of(container);
  run.image_id = image_id_of(container);
  run.spec_hash = number_of<std::uint64_t>(label_of(container, pod::label::hash));
  run.state = state_of(container);
  run.created = container.created;
  run.started = container.state.started_at;
  run.finished = container.state.finished_at;
  if (run.state == pod::Run::State::ending) tell_end(run, container.state);
  return run;
}

void Runs::load() {
  by_pod_.clear();
  for (const engine::ContainerPtr& container : engine_.list()) {
    const std::string_view uid = label_of(*container, pod::label::pod_uid);
    if (!uid.empty()) by_pod_[std::string(uid)].insert(container->id);
  }
}

Task<void> Runs::follow(Changed changed) {
  engine::Events::Subscription news = events_.subscribe();
  load();
  std::optional<std::uint64_t> last;
  for (;;) {
    const engine::EventPtr event = co_await news.next();
    // We fell behind, and do not know what we have missed.
    if (last && event->number != *last + 1) {
      load();
      for (const std::string& uid : pods()) changed(uid, "");
    }
    last = event->number;
    if (event->type == "container") take(*event, changed);
  }
}

void Runs::take(const engine::Event& event, const Changed& changed) {
  const auto found = event.attributes.find(std::string(pod::label::pod_uid));
  if (found == event.attributes.end()) return;
  const std::string uid = found->second;
  if (event.action == "destroy") {
    const auto pod = by_pod_.find(uid);
    if (pod == by_pod_.end()) return;
    pod->second.erase(event.actor_id);
    if (pod->second.empty()) by_pod_.erase(pod);
  } else {
    by_pod_[uid].insert(event.actor_id);
  }
  changed(uid, event.action);
}

std::vector<engine::ContainerPtr> Runs::of(std::string_view pod_uid) const {
  std::vector<engine::ContainerPtr> containers;
  const auto found = by_pod_.find(pod_uid);
  if (found == by_pod_.end()) return containers;
  for (const std::string& id : found->second)
    if (auto container = engine_.get(id)) containers.push_back(*std::move(container));
  return containers;
}

std::vector<std::string> Runs::pods() const {
  std::vector<std::string> uids;
  for (const auto& [uid, ids] : by_pod_) uids.push_back(uid);
  return uids;
}

}  // namespace podo::node
