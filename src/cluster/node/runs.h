// Runs: which of the engine's containers belong to which pod. Read once from the engine's list, then kept by
// its events; asked at every look at a pod, so it never walks all containers.
//
// Life: load() -> follow() until it is cancelled -> of() at any time. Lives on the loop.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cluster/pod/observation.h"
#include "container/engine/engine.h"

namespace podo::node {

using io::Task;

class Runs {
 public:
  Runs(engine::Engine& engine, engine::Events& events) : engine_(engine), events_(events) {}

  void load();
  // `changed(uid, action)` after each event of a pod's container; action "" when it may have been any.
  using Changed = std::function<void(const std::string& uid, std::string_view action)>;
  Task<void> follow(Changed changed);

  std::vector<engine::ContainerPtr> of(std::string_view pod_uid) const;
  std::vector<std::string> pods() const;  // uids of those that have any

 private:
  void take(const engine::Event& event, const Changed& changed);

  engine::Engine& engine_;
  engine::Events& events_;
  std::map<std::string, std::set<std::string>, std::less<>> by_pod_;  // engine's ids by the pod's uid
};

// As plans and statuses see it; what it left to say is not in it yet (state `ending`).
pod::Run run_of(const engine::Container& container);
std::string_view label_of(const engine::Container& container, std::string_view label);

}  // namespace podo::node
