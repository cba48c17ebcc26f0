// The pods as the node's API sees them: where the logs and processes of a container are.
#include "cluster/node/pod_table.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::find_at;
using kube::text_at;
using node_api::ContainerPlace;

const pod::Part* part_named(const std::vector<pod::Part>& parts, std::string_view name) {
  for (const pod::Part& part : parts)
    if (part.name == name) return &part;
  return nullptr;
}

const json::Item* told_of(const json::Item& status, std::string_view name) {
  for (const std::string_view list :
       {"containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"})
    for (const json::Item& told : kube::children_at(status, list))
      if (text_at(told, "name") == name) return &told;
  return nullptr;
}

std::string why_waiting(const json::Item& told, std::string_view name, std::string_view pod) {
  const std::string_view reason = text_at(told, "state.waiting.reason");
  const std::string_view why = reason == "ErrImagePull"       ? "image can't be pulled"
                               : reason == "ImagePullBackOff" ? "trying and failing to pull image"
                                                              : reason;
  return text("container \"{}\" in pod \"{}\" is waiting to start: {}", name, pod, why);
}

// The engine's id of the run whose output is meant.
Result<std::string> id_of(const json::Item& told, std::string_view name, std::string_view pod,
                          bool previous) {
  const std::string_view last = text_at(told, "lastState.terminated.containerID");
  const std::string_view ended = text_at(told, "state.terminated.containerID");
  std::string_view id;
  if (previous) {
    if (last.empty())
      return invalid("previous terminated container \"{}\" in pod \"{}\" not found", name, pod);
    id = last;
  } else if (find_at(told, "state.running") != nullptr) {
    id = text_at(told, "containerID");
  } else if (!ended.empty()) {
    id = ended;
  } else if (!last.empty()) {
    id = last;
  } else if (find_at(told, "state.waiting") != nullptr) {
    return invalid("{}", why_waiting(told, name, pod));
  } else {
    return invalid("container \"{}\" in pod \"{}\" is terminated", name, pod);
  }
  if (const std::size_t slashes = id.find("//"); slashes != std::string_view::npos)
    id.remove_prefix(slashes + 2);
  return std::string(id);
}

}  // namespace

const PodWorker* PodTable::find_pod(std::string_view name_space, std::string_view name) const {
  const PodWorker* found = nullptr;
  for (const auto& [uid, worker] : workers_) {
    if (text_at(worker->pod(), "metadata.name") != name ||
        text_at(worker->pod(), "metadata.namespace") != name_space)
      continue;
    if (found == nullptr || found->is_lost()) found = worker.get();
  }
  return found;
}

Result<ContainerPlace> PodTable::find(std::string_view name_space, std::string_view pod,
                                      std::string_view container, bool previous) const {
  const PodWorker* worker = find_pod(name_space, pod);
  if (worker == nullptr) return not_found("pods \"{}\" not found", pod);
  const std::vector<pod::Part> parts = pod::parts_of(worker->pod());
  std::string_view name = container;
  if (name.empty()) {
    const std::size_t mains = kube::size_at(worker->pod(), "spec.containers");
    if (mains != 1) return invalid("a container name must be specified for pod {}", pod);
    name = text_at(worker->pod(), "spec.containers[0].name");
  }
  const pod::Part* part = part_named(parts, name);
  if (part == nullptr) return invalid("container {} is not valid for pod {}", name, pod);
  const json::Item* told = told_of(worker->status(), name);
  if (told == nullptr) return invalid("container \"{}\" in pod \"{}\" is not available", name, pod);
  ContainerPlace place{.id = TRY(id_of(*told, name, pod, previous))};
  const pod::Run* run = pod::facts_of(*part, worker->seen()).newest();
  place.running = run != nullptr && run->id == place.id && run->state == pod::Run::State::running;
  place.tty = kube::is_true_at(*part->container, "tty");
  place.stdin_open = kube::is_true_at(*part->container, "stdin");
  place.stdin_once = kube::is_true_at(*part->container, "stdinOnce");
  return place;
}

Result<std::string> PodTable::sandbox_of(std::string_view name_space, std::string_view pod) const {
  const PodWorker* worker = find_pod(name_space, pod);
  if (worker == nullptr) return not_found("pods \"{}\" not found", pod);
  if (kube::is_true_at(worker->pod(), "spec.hostNetwork")) return std::string();
  if (!worker->seen().sandbox) return unavailable("pod {} has no sandbox", pod);
  return worker->uid();
}

std::string PodTable::pods_json() const {
  json::Tree list;
  list.root().member("kind").set_string("PodList");
  list.root().member("apiVersion").set_string("v1");
  list.root().member("metadata").set_object();
  json::Item& items = list.root().member("items");
  items.set_array();
  for (const auto& [uid, worker] : workers_) {
    json::Item& item = items.append();
    item.copy(worker->pod());
    item.member("status").copy(worker->status());
  }
  return list.to_text();
}

}  // namespace podo::node
