// What a plan for a Deployment is worked out on. Private to deployment_*.cpp.
#pragma once

#include "cluster/workloads/deployment_plan.h"

namespace podo::controllers {

// A ReplicaSet while the plan grows.
struct SetInRollout {
  json::Tree object;
  std::string name, uid;
  Seconds created = 0;
  std::int64_t wanted = 0, before = 0;  // spec.replicas: as planned, as it is
  std::int64_t replicas = 0, ready = 0, available = 0, ending = 0;
  std::int64_t revision = 0;
  bool deleting = false, changed = false;
};

struct Rollout {
  explicit Rollout(DeploymentInput& input);

  // deployment_revision.cpp: which ReplicaSet is the new one, and its history.
  void find_sets();
  bool sync_revision();  // true: something was written, that has to show first
  void create_fresh();   // as the only write
  void clean_up_history();
  std::int64_t next_revision() const;

  // deployment_scale.cpp: replicas of each ReplicaSet.
  std::int64_t fresh_size(std::int64_t fresh_now) const;
  bool grow_fresh();
  bool shrink_old();
  bool remove_old();
  void scale_in_proportion();
  bool is_scaling() const;
  void set_size(SetInRollout& set, std::int64_t size);
  std::int64_t total() const;  // of spec.replicas
  void write_sets();

  // deployment_status.cpp
  void write_status(bool rolling_out);
  bool is_complete(const json::Item& status) const;
  json::Tree counted_status() const;
  void progress(json::Item& status);
  void copy_failure(json::Item& status) const;
  bool sync_pause(json::Item& status) const;
  bool has_deadline() const;

  std::vector<SetInRollout*> all();
  std::vector<const SetInRollout*> all() const;

  DeploymentInput& in;
  std::int64_t replicas, surge = 0, unavailable = 0;
  bool rolling, paused;
  std::vector<SetInRollout> sets;  // by age, the oldest first
  std::vector<SetInRollout*> old;  // into sets
  SetInRollout* fresh = nullptr;
  Plan plan;
};

}  // namespace podo::controllers
