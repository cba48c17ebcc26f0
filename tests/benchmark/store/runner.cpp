#include "bench.h"
#include "workload.h"

namespace podo::bench {

Result<std::vector<Runner>> open_all(std::span<const Maker> engines, const Plan& plan) {
  std::vector<Runner> runners;
  for (const Maker& maker : engines) {
    runners.push_back({maker, std::make_unique<Folder>(plan.folder + "/" + maker.name), maker.make()});
    TRY_IN(maker.name, runners.back().engine->open(runners.back().folder->path()));
  }
  return runners;
}

Result<std::vector<Runner>> load_all(std::span<const Maker> engines, const Plan& plan, const Workload& work) {
  std::vector<Runner> runners = TRY(open_all(engines, plan));
  for (const Runner& runner : runners) TRY_IN(runner.maker.name, work.load(*runner.engine));
  settle(plan.folder);
  return runners;
}

}  // namespace podo::bench
