// World: what the API shows, mirrored, and what was decided but does not show yet; kept in the forms that
// decisions need (snapshot, storage, queue).
//
// A pod of ours that has no node is in the queue, or assumed: put on a node by a decision, until the mirror
// shows it there, or it is forgotten because binding it failed. Who changes the world in a way that could
// help parked pods wakes them.
//
// Mirrors call in between the turns of all strands; nothing here waits. Lives on the loop.
#pragma once

#include <memory>

#include "base/io/condition.h"
#include "cluster/scheduler/hints.h"
#include "cluster/scheduler/preemption.h"
#include "cluster/scheduler/queue.h"
#include "cluster/scheduler/scheduler.h"

namespace podo::scheduler {

struct Assumed {
  PodPtr pod;  // on its node
  Waiting waiting;
  VolumePlan volumes;
  std::optional<Monotonic> bound = {};  // since when the API says so
};

class World {
 public:
  World(SchedulerGround ground, const SchedulerOptions& options);
  Task<void> start();  // returns when every mirror has everything

  void assume(Waiting waiting, std::size_t node, VolumePlan volumes);
  enum class Next : std::uint8_t { try_again, leave };  // leave: it is gone, or the mirror will tell its node
  void forget(std::string_view uid, Next next);
  Assumed* assumed(std::string_view uid);
  std::vector<std::string> assumed_since(Monotonic before) const;  // bound, but not shown yet; uids
  const Pod* find(std::string_view key) const;
  void wake(std::string_view uid);  // if it is parked

  Monotonic now() const { return ground_.loop.clock().now(); }
  Snapshot& snapshot() { return snapshot_; }
  Storage& storage() { return storage_; }
  Queue& queue() { return queue_; }
  std::vector<Budget> budgets() const;

  io::Condition stirred{"pods to place"};  // the queue may have something
  bool is_stirred = false;
  io::Condition storage_changed{"a change of claims and volumes"};

 private:
  using Object = objects::Object;
  Task<void> mirror(std::string_view group, std::string_view plural,
                    void (World::*change)(const Object& before, const Object& now));
  void change_pod(const Object& before, const Object& now);
  void change_node(const Object& before, const Object& now);
  void change_namespace(const Object& before, const Object& now);
  void change_claim(const Object& before, const Object& now);
  void change_volume(const Object& before, const Object& now);
  void change_class(const Object& before, const Object& now);
  void change_budget(const Object& before, const Object& now);

  void show(const PodPtr& pod);
  void show_placed(const PodPtr& pod, const Pod* before);
  void show_waiting(const PodPtr& pod, const Pod* before);
  void drop(std::string_view key);
  void happened(Happening what, std::string_view node = {});
  void stir();
  std::optional<json::Tree> read(const Object& object) const;

  SchedulerGround ground_;
  const std::string name_;
  Snapshot snapshot_;
  Storage storage_;
  Queue queue_;
  std::map<std::string, Budget, std::less<>> budgets_;
  std::map<std::string, PodPtr, std::less<>> pods_;        // as shown, by key; those that ended are left out
  std::map<std::string, Assumed, std::less<>> assumed_;    // by uid
  std::vector<std::unique_ptr<objects::Mirror>> mirrors_;  // last: they call into the above
};

}  // namespace podo::scheduler
