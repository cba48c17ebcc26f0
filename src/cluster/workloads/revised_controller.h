// RevisedController: what StatefulSets and DaemonSets share. Their pods are theirs directly, and templates
// they have had are kept as ControllerRevisions.
#pragma once

#include "cluster/control/controller.h"
#include "cluster/workloads/revisions.h"

namespace podo::controllers {

class RevisedController : public Controller {
 public:
  RevisedController(World& world, Kind kind, std::string name);

 protected:
  virtual Plan plan(const Facts& self, const json::Item& wanted, const Pods& pods,
                    const Revisions& revisions) = 0;
  virtual void forget(const std::string&) {}  // an own object that is no more, by its key

 private:
  Task<void> reconcile(std::string key) final;
  Plan plan_now(const Facts& self, const json::Item& wanted);
};

}  // namespace podo::controllers
