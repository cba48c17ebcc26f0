#include "cluster/workloads/cron_job_plan.h"
#include "cluster/workloads/workloads.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

class CronJobController final : public Controller {
 public:
  explicit CronJobController(World& world) : Controller(world, Kind::cron_job, "cronjob-controller") {
    watch_own();
    world_.of(Kind::job).on_change([this](const Facts* before, const Facts* now) {
      for (const Facts* job : {before, now})
        if (job != nullptr && job->owner && job->owner->kind == "CronJob")
          queue_.add(job->name_space + "/" + job->owner->name);
    });
  }

 private:
  Task<void> reconcile(std::string key) override {
    const Facts* own = world_.of(kind_).find(key);
    const std::optional<json::Tree> wanted = world_.of(kind_).read(key);
    if (own == nullptr || !wanted) co_return;
    const Facts self = *own;
    co_await perform(self, plan_now(self, wanted->root()));
  }

  Plan plan_now(const Facts& self, const json::Item& wanted) {
    std::vector<json::Tree> jobs;
    for (const Facts* job : world_.of(Kind::job).owned_by(self.uid))
      if (auto tree = world_.of(Kind::job).read(job->key())) jobs.push_back(*std::move(tree));
    return plan_cron_job(
        {wanted, self, jobs, zone_named(kube::text_at(wanted, "spec.timeZone")), world_.now()});
  }

  // Zones stay as they were first read.
  const Result<TimeZone>& zone_named(std::string_view name) {
    const auto found = zones_.find(name);
    if (found != zones_.end()) return found->second;
    return zones_.emplace(std::string(name), read_zone(name)).first->second;
  }

  Result<TimeZone> read_zone(std::string_view name) const {
    if (name.empty() || name == "UTC" || name == "Etc/UTC") return TimeZone();
    const std::string file = TRY(world_.ground.read_zone(name));
    return TimeZone::parse(file);
  }

  std::map<std::string, Result<TimeZone>, std::less<>> zones_;  // by name
};

}  // namespace

std::unique_ptr<Controller> make_cron_job_controller(World& world) {
  return std::make_unique<CronJobController>(world);
}

}  // namespace podo::controllers
