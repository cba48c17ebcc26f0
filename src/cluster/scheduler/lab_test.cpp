// The lab of scheduler_testing.h.
#include "cluster/scheduler/pick.h"
#include "cluster/scheduler/scheduler_testing.h"

namespace podo::scheduler {

std::string node_json(std::string_view name, const NodeText& of) {
  return text(R"({{"apiVersion":"v1","kind":"Node","metadata":{{"name":"{}",)"
              R"("labels":{{"kubernetes.io/hostname":"{}"{}{}}}}},)"
              R"("spec":{{"unschedulable":{},"taints":[{}]}},)"
              R"("status":{{"allocatable":{{"cpu":"{}","memory":"{}","pods":"{}"{}{}}},"images":[{}]}}}})",
              name, name, of.labels.empty() ? "" : ",", of.labels, of.unschedulable, of.taints, of.cpu,
              of.memory, of.pods, of.more.empty() ? "" : ",", of.more, of.images);
}

std::string pod_json(std::string_view name, const PodText& of) {
  std::string requests;
  if (!of.cpu.empty()) requests = text(R"("cpu":"{}")", of.cpu);
  if (!of.memory.empty())
    requests.append(requests.empty() ? "" : ",").append(text(R"("memory":"{}")", of.memory));
  return text(
      R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{}","namespace":"{}","labels":{{{}}}{}{}}},)"
      R"("spec":{{{}"priority":{},"schedulerName":"default-scheduler"{},)"
      R"("containers":[{{"name":"c","image":"i"{},"resources":{{"requests":{{{}}}}}}}]}},"status":{{{}}}}})",
      name, of.name_space, of.labels,
      of.owner.empty()
          ? ""
          : text(R"(,"ownerReferences":[{{"kind":"ReplicaSet","uid":"{}","controller":true}}])", of.owner),
      of.meta, of.spec, of.priority, of.node.empty() ? "" : text(R"(,"nodeName":"{}")", of.node),
      of.container, requests, of.status);
}

void Lab::node(std::string_view name, const NodeText& of) {
  snapshot.set_node(node_of(tree_of(node_json(name, of)).root()));
}

PodPtr Lab::pod(std::string_view name, const PodText& of) {
  json::Tree tree = tree_of(pod_json(name, of));
  tree.root().member("metadata").member("uid").set_string(text("uid-{}", ++uids));
  return std::make_shared<const Pod>(pod_of(tree.root(), snapshot.shape_of(tree.root())));
}

PodPtr Lab::place(std::string_view name, std::string_view node, const PodText& of) {
  const PodPtr there = placed(*pod(name, of), node);
  snapshot.add(there);
  return there;
}

std::string Lab::nodes_for(const PodPtr& pod) {
  const Fitting held = fitting(pod);
  std::vector<std::string> names;
  for (const std::uint32_t node : snapshot.order())
    if (held.check_beside_nominated(node).fits()) names.push_back(snapshot.nodes()[node].node.name);
  std::sort(names.begin(), names.end());
  std::string all;
  for (const std::string& name : names) all.append(all.empty() ? "" : " ").append(name);
  return all;
}

std::string Lab::why_not(const PodPtr& pod) {
  Picker picker(random);
  return message_of(picker.pick(fitting(pod)).diagnosis, *pod->shape);
}

std::string Lab::picked(const PodPtr& pod) {
  Picker picker(random);
  const Picked found = picker.pick(fitting(pod));
  return found.node ? snapshot.nodes()[*found.node].node.name : std::string();
}

}  // namespace podo::scheduler
