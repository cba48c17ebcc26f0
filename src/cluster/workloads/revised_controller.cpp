#include "cluster/workloads/revised_controller.h"

#include "model/kube/path.h"

namespace podo::controllers {

RevisedController::RevisedController(World& world, Kind kind, std::string name)
    : Controller(world, kind, std::move(name)) {
  watch_own();
  watch_owned(Kind::pod);
  watch_owned(Kind::revision);
}

Task<void> RevisedController::reconcile(std::string key) {
  if (!copy_of_own(key)) {
    forget(key);
    co_return;
  }
  const Facts self = *copy_of_own(key);
  co_await claim(self, Kind::pod);
  co_await claim(self, Kind::revision);
  const std::optional<json::Tree> wanted = world_.of(kind_).read(key);
  if (!wanted || kube::text_at(wanted->root(), "metadata.uid") != self.uid) co_return;
  co_await perform(self, plan_now(self, wanted->root()));
}

Plan RevisedController::plan_now(const Facts& self, const json::Item& wanted) {
  std::vector<json::Tree> there;
  for (const Facts* revision : world_.of(Kind::revision).owned_by(self.uid))
    if (auto tree = world_.of(Kind::revision).read(revision->key())) there.push_back(*std::move(tree));
  const Revisions revisions(wanted, kind_, self, std::move(there));
  return plan(self, wanted, as_pods(world_.of(Kind::pod).owned_by(self.uid)), revisions);
}

}  // namespace podo::controllers
