// Inputs and outcomes of plans, as tests write them down.
#pragma once

#include <doctest/doctest.h>

#include <memory>

#include "cluster/control/plan.h"
#include "model/kube/path.h"

namespace podo::controllers {

inline json::Tree tree_of(std::string_view json) {
  auto tree = json::Tree::parse(std::string(json));
  REQUIRE_MESSAGE(tree.has_value(), json);
  return *std::move(tree);
}

// Pods in one line each: "NAME PHASE [ready] [@NODE] [deleting] [LABEL=VALUE] [#INDEX] ..."; phases:
// pending, running, succeeded, failed.
inline Pod pod_of_line(std::string_view line) {
  Pod pod;
  pod.name_space = "default";
  int place = 0;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    if (place++ == 0) pod.name = word;
    else if (word == "running") pod.phase = Phase::running;
    else if (word == "succeeded") pod.phase = Phase::succeeded;
    else if (word == "failed") pod.phase = Phase::failed;
    else if (word == "ready") pod.ready = true;
    else if (word == "deleting") pod.deleted = 900;
    else if (word == "tracked") pod.tracked = true;
    else if (word.starts_with('@')) pod.node = pod.target = word.substr(1);
    else if (word.starts_with('#')) pod.job_index = word.substr(1);
    else if (word.contains('='))
      pod.labels.emplace_back(word.substr(0, word.find('=')), word.substr(word.find('=') + 1));
  }
  pod.uid = "uid-" + pod.name;
  pod.created = pod.ready_since = pod.finished = 500;
  return pod;
}

struct PodTable {
  explicit PodTable(std::initializer_list<std::string_view> lines) {
    for (const std::string_view line : lines) owned.push_back(std::make_unique<Pod>(pod_of_line(line)));
    for (const auto& pod : owned) pods.push_back(pod.get());
  }
  std::vector<std::unique_ptr<Pod>> owned;
  Pods pods;
};

inline Facts self_of(Kind kind, const json::Tree& object) { return *facts_of(kind, object.root()); }

// "create pod web-0, remove pod a, update replica_set x=3": what is written, in its order.
inline std::string told(const Plan& plan) {
  constexpr std::string_view verbs[] = {"create", "remove", "update", "status", "patch"};
  std::string all;
  for (const Write& write : plan.writes) {
    if (!all.empty()) all += ", ";
    all.append(verbs[static_cast<std::size_t>(write.verb)]).append(" ").append(names_of(write.kind).kind);
    std::string_view name = write.name;
    if (name.empty()) name = kube::text_at(write.object.root(), "metadata.name");
    if (name.empty()) name = kube::text_at(write.object.root(), "metadata.generateName");
    all.append(" ").append(name);
    if (write.kind == Kind::replica_set && write.verb != Write::Verb::remove)
      all += text("={}", kube::number_at(write.object.root(), "spec.replicas"));
  }
  return all;
}

}  // namespace podo::controllers
