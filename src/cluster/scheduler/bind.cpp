// What the driver writes of pods.
#include "base/format/json_writer.h"
#include "base/io/combine.h"
#include "cluster/scheduler/driver.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"

namespace podo::scheduler {
namespace {

constexpr Duration answered_within = seconds(30), ask_again_after = seconds(1);

std::string quoted(std::string_view value) {
  std::string out;
  json::append_quoted(out, value);
  return out;
}

bool was_cancelled(const Result<void>& result) {
  return !result && result.error().kind() == ErrorKind::cancelled;
}

}  // namespace

client::Where Driver::at(std::string_view plural, std::string_view key, std::string_view subresource) const {
  const std::size_t slash = key.find('/');
  const bool namespaced = slash != std::string_view::npos;
  return {.resource = ground_.client.resource("", plural),
          .name_space = std::string(namespaced ? key.substr(0, slash) : ""),
          .name = std::string(namespaced ? key.substr(slash + 1) : key),
          .subresource = std::string(subresource)};
}

std::string Driver::now_text() const { return kube::time_text(ground_.loop.clock().wall()); }

void Driver::say(const Pod& pod, std::string_view reason, std::string message, bool warning) {
  events_.say({"v1", "Pod", pod.name_space(), pod.name, pod.uid}, options_.name,
              {std::string(reason), std::move(message), warning});
}

// What has been sent is waited for, also by a scheduler that ends: the next one must see what came of it.
// Fails when it is not bound; false when the mirror will tell why: it is gone, or on another node.
Task<bool> Driver::send_binding(PodPtr pod) {
  json::Tree binding;
  binding.root().member("apiVersion").set_string("v1");
  binding.root().member("kind").set_string("Binding");
  json::Item& metadata = binding.root().member("metadata");
  metadata.member("namespace").set_string(pod->name_space());
  metadata.member("name").set_string(pod->name);
  metadata.member("uid").set_string(pod->uid);
  binding.root().member("target").member("kind").set_string("Node");
  binding.root().member("target").member("name").set_string(pod->node);
  const auto sent = co_await io::shielded(
                        io::deadline(ground_.client.create(at("pods", pod->key(), "binding"), binding.root()),
                                     answered_within))
                        .result();
  if (sent) co_return true;
  for (;;) {  // an answer may be lost after the deed
    const auto found = co_await ground_.client.find(at("pods", pod->key())).result();
    if (!found) {
      co_await io::sleep(ask_again_after);
      continue;
    }
    if (!*found || kube::text_at((*found)->root(), "metadata.uid") != pod->uid) co_return false;
    const std::string_view node = kube::text_at((*found)->root(), "spec.nodeName");
    if (node.empty()) co_return Failure(sent.error());
    co_return node == pod->node;
  }
}

Task<void> Driver::bind(std::string uid) {
  const Assumed* mine = world_.assumed(uid);
  Result<bool> bound = false;
  PodPtr pod = mine != nullptr ? mine->pod : nullptr;
  if (pod != nullptr) {
    const VolumePlan volumes = mine->volumes;
    Result<void> ready;
    if (!volumes.is_empty()) ready = co_await bind_volumes(pod, volumes).result();
    if (ready) bound = co_await send_binding(pod).result();
    else bound = Failure(ready.error());
  }
  --sending_;
  sent_.notify_one();
  if (pod == nullptr) co_return;
  if (!bound) {
    world_.forget(uid, World::Next::try_again);
    if (bound.error().kind() == ErrorKind::cancelled) co_return;
    ground_.log.debug("scheduler: {}: {}", pod->key(), bound.error().message());
    co_return say(*pod, "FailedScheduling", bound.error().message(), true);
  }
  if (!*bound) co_return world_.forget(uid, World::Next::leave);
  if (Assumed* still = world_.assumed(uid)) still->bound = world_.now();
  say(*pod, "Scheduled", text("Successfully assigned {} to {}", pod->key(), pod->node));
}

// What was bound shows in the mirror soon. If not, the API is asked: nothing is dropped on a guess, since
// what takes room on a node without being counted would be one pod too many.
Task<void> Driver::check_assumed() {
  for (;;) {
    co_await io::sleep(options_.shown_within);
    for (const std::string& uid : world_.assumed_since({world_.now().ns - options_.shown_within.ns})) {
      const Assumed* mine = world_.assumed(uid);
      if (mine == nullptr) continue;
      const PodPtr pod = mine->pod;
      const auto found = co_await ground_.client.find(at("pods", pod->key())).result();
      if (!found) continue;
      if (!*found || kube::text_at((*found)->root(), "metadata.uid") != uid)
        world_.forget(uid, World::Next::leave);
    }
  }
}

Task<void> Driver::set_status(const Pod& pod, std::string status) {
  co_await ground_.client.patch(at("pods", pod.key(), "status"), client::Patch::strategic,
                                text(R"({{"metadata":{{"uid":{}}},"status":{}}})", quoted(pod.uid), status));
}

Task<void> Driver::write_refusal(Refused refused) {
  const Pod& pod = *refused.pod;
  const std::string node = refused.nominated.value_or("");
  for (const PodPtr& victim : refused.victims) {
    const Result<void> gone = co_await evict(victim, refused.pod, node).result();
    if (was_cancelled(gone)) co_await Result<void>(gone);
    if (gone) continue;
    ground_.log.debug("scheduler: preempt {}: {}", victim->key(), gone.error().message());
    world_.wake(pod.uid);  // look again, without this one gone
    break;
  }
  if (!refused.message.empty()) say(pod, "FailedScheduling", refused.message, true);
  if (refused.message == pod.scheduled_said && !refused.nominated) co_return;
  std::string changed;
  if (pod.scheduled_said.empty()) changed = text(R"(,"lastTransitionTime":{})", quoted(now_text()));
  std::string status = text(
      R"({{"conditions":[{{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":{},)"
      R"("observedGeneration":{}{}}}])",
      quoted(refused.message), pod.generation, changed);
  if (refused.nominated)
    status.append(R"(,"nominatedNodeName":)").append(node.empty() ? "null" : quoted(node));
  const Result<void> written = co_await set_status(pod, status + "}").result();
  if (was_cancelled(written)) co_await Result<void>(written);
  if (!written) ground_.log.debug("scheduler: {}: {}", pod.key(), written.error().message());
}

Task<void> Driver::clear_nomination(PodPtr pod) {
  const Result<void> written = co_await set_status(*pod, R"({"nominatedNodeName":null})").result();
  if (was_cancelled(written)) co_await Result<void>(written);
}

Task<void> Driver::evict(PodPtr victim, PodPtr by, std::string node) {
  if (victim->ending) co_return;
  const std::string why = text("{}: preempting to accommodate a higher priority pod", by->shape->scheduler);
  const Result<void> told =
      co_await set_status(
          *victim,
          text(R"({{"conditions":[{{"type":"DisruptionTarget","status":"True","reason":)"
               R"("PreemptionByScheduler","message":{},"lastTransitionTime":{},"observedGeneration":{}}}]}})",
               quoted(why), quoted(now_text()), victim->generation))
          .result();
  if (!told && told.error().kind() == ErrorKind::not_found) co_return;
  co_await Result<void>(told);
  const Result<void> removed =
      co_await ground_.client.remove(at("pods", victim->key()), {.uid = victim->uid}).result();
  if (!removed && removed.error().kind() == ErrorKind::not_found) co_return;
  co_await Result<void>(removed);
  say(*victim, "Preempted", text("Preempted by pod {} on node {}", by->uid, node));
}

}  // namespace podo::scheduler
