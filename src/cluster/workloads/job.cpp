#include <set>

#include "cluster/workloads/job_plan.h"
#include "cluster/workloads/workloads.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

class JobController final : public Controller {
 public:
  explicit JobController(World& world) : Controller(world, Kind::job, "job-controller") {
    watch_own();
    watch_owned(Kind::pod);
    world_.of(Kind::job).on_change([this](const Facts* before, const Facts* now) {
      if (before != nullptr && (now == nullptr || now->uid != before->uid))
        gone_[before->key()].insert(before->uid);
    });
    world_.of(Kind::pod).on_change([this](const Facts*, const Facts* now) {
      if (now == nullptr || !as_pod(*now).tracked || !now->owner || now->owner->kind != "Job") return;
      const Facts* job = world_.of(Kind::job).find(now->name_space, now->owner->name);
      if (job == nullptr || job->uid != now->owner->uid)
        gone_[now->name_space + "/" + now->owner->name].insert(now->owner->uid);
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    co_await free_pods(key);
    if (!copy_of_own(key)) co_return;
    const Facts self = *copy_of_own(key);
    co_await claim(self, Kind::pod);
    const std::optional<json::Tree> wanted = world_.of(kind_).read(key);
    if (!wanted || kube::text_at(wanted->root(), "metadata.uid") != self.uid) co_return;
    co_await perform(self, plan_now(self, wanted->root()));
  }

  Plan plan_now(const Facts& self, const json::Item& wanted) {
    const Pods pods = as_pods(world_.of(Kind::pod).owned_by(self.uid));
    return plan_job({wanted, self, pods, world_.now()});
  }

  // Pods whose Job is gone wait for nobody any more.
  Task<void> free_pods(const std::string& key) {
    const auto found = gone_.find(key);
    if (found == gone_.end()) co_return;
    const std::set<std::string> uids = std::move(found->second);
    gone_.erase(found);
    const Facts* job = world_.of(Kind::job).find(key);
    std::vector<Write> writes;
    Facts self;
    for (const std::string& uid : uids) {
      if (job != nullptr && job->uid == uid) continue;
      for (const Pod* pod : as_pods(world_.of(Kind::pod).owned_by(uid))) {
        if (!pod->tracked) continue;
        self = *pod;
        writes.push_back(remove_finalizer(*pod));
      }
    }
    const Result<void> freed = co_await perform(self, std::move(writes)).result();
    if (!freed) gone_[key].insert(uids.begin(), uids.end());
    co_await Result<void>(freed);
  }

  std::map<std::string, std::set<std::string>, std::less<>> gone_;  // uids of Jobs, by key
};

}  // namespace

std::unique_ptr<Controller> make_job_controller(World& world) {
  return std::make_unique<JobController>(world);
}

}  // namespace podo::controllers
