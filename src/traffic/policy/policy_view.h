// What is known: objects as mirrors tell of them, and the pods of this node as the node does, put together to
// the world that the plan is made of.
//
// The node knows better what addresses its pods have: from guard() to forget() they are those it told, also
// when the API knows others, or the pod has been deleted already. Other pods of this node have those that the
// API says, as far as no guarded one has them: before guard(), when a daemon begins anew and they run; after
// forget(), none.
//
// Every change says whether the world is another one. Lives on one loop.
#pragma once

#include <set>

#include "base/core/log.h"
#include "cluster/objects/objects.h"
#include "traffic/policy/policy.h"
#include "traffic/policy/policy_objects.h"

namespace podo::policy {

class PolicyView {
 public:
  PolicyView(std::string node, Log& log) : node_(std::move(node)), log_(log) {}

  // As objects::Mirror::Changed: the old or the new state may be absent.
  bool take_policy(const objects::Object& before, const objects::Object& now);
  bool take_pod(const objects::Object& before, const objects::Object& now);
  bool take_name_space(const objects::Object& before, const objects::Object& now);
  bool guard(GuardedPod pod);
  bool forget(std::string_view uid);

  // Null: the API has not told of that pod yet. Else of the last state that it told.
  const objects::Revision* find_pod(std::string_view uid) const;
  const PolicyWorld& world() const { return world_; }
  std::size_t guarded() const { return guarded_.size(); }

 private:
  struct Known {
    PolicyPod pod;
    objects::Revision revision = 0;
    bool deleted = false;  // remembered while it is guarded
  };
  bool drop_pod(const std::string& uid);
  bool settle(const std::string& uid);
  bool settle_others(const std::string& uid, const std::vector<IpAddress>& addresses);
  bool is_taken(const IpAddress& address) const;

  const std::string node_;
  Log& log_;
  PolicyWorld world_;
  std::map<std::string, Known, std::less<>> known_;  // by uid, as all that follows
  std::map<std::string, std::vector<IpAddress>, std::less<>> guarded_;
  std::set<std::string, std::less<>> forgotten_;  // pods of this node that the API still has
};

}  // namespace podo::policy
