#include <algorithm>

#include "base/io/combine.h"
#include "cluster/volumes/local_volumes.h"
#include "model/kube/path.h"

namespace podo::volumes {
namespace {

// A token that could not be renewed is asked for again, but not all the time.
constexpr Duration soonest = seconds(10);

}  // namespace

Task<std::optional<Duration>> LocalVolumes::refresh(const json::Item& pod) {
  const std::string uid(kube::text_at(pod, "metadata.uid"));
  const Turn turn = co_await take_turn(uid);
  if (!pods_.contains(uid)) co_return std::nullopt;  // unmounted meanwhile: nothing is to come back
  const PlannedList planned = co_await plan(pod, true);
  std::vector<Setup> setups;
  std::optional<Wall> due;
  for (const Planner::Planned& one : planned) {
    if (one.due) due = due ? std::min(*due, *one.due) : *one.due;
    const auto mounted = pods_.find(uid);
    const bool known = mounted != pods_.end() && mounted->second.contents.contains(one.setup.volume);
    if (!known || mounted->second.contents[one.setup.volume].digest != digest_of(*one.setup.payload))
      setups.push_back(one.setup);
  }
  if (!setups.empty())
    co_await io::shielded(ground_.pool.run(
        [setups = std::move(setups), now = ground_.clock.wall()] { return perform_all(setups, now); }));
  for (const Planner::Planned& one : planned) remember(uid, one);
  if (!due) co_return std::nullopt;
  co_return std::max(Duration{due->ns - ground_.clock.wall().ns}, soonest);
}

}  // namespace podo::volumes
