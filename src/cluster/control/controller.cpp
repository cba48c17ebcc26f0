#include "cluster/control/controller.h"

#include <charconv>

#include "base/io/combine.h"
#include "cluster/control/claims.h"
#include "model/kube/path.h"

namespace podo::controllers {

World::World(Ground on) : ground(std::move(on)), events(ground.client, ground.loop.clock()) {
  for (std::size_t i = 0; i < kinds; ++i)
    watched_[i] = std::make_unique<Watched>(ground.client, static_cast<Kind>(i));
}

Task<void> World::start() {
  for (const auto& watched : watched_) co_await watched->start();
}

Controller::Controller(World& world, Kind kind, std::string name)
    : world_(world),
      kind_(kind),
      name_(std::move(name)),
      queue_(world.ground.loop, text("work of {}", name_)) {}

void Controller::watch_own() {
  world_.of(kind_).on_change(
      [this](const Facts* before, const Facts* now) { queue_.add((now != nullptr ? now : before)->key()); });
}

void Controller::watch_owned(Kind kind) {
  const std::string_view own = names_of(kind_).kind;
  world_.of(kind).on_change([this, own](const Facts* before, const Facts* now) {
    for (const Facts* facts : {before, now}) {
      if (facts == nullptr) continue;
      if (facts->owner) {
        if (facts->owner->kind == own) queue_.add(facts->name_space + "/" + facts->owner->name);
        continue;
      }
      if (facts->deleting() || facts->labels.empty()) continue;
      for (const Facts* owner : world_.of(kind_).all(facts->name_space))
        if (owner->selector && matches(*owner->selector, facts->labels)) queue_.add(owner->key());
    }
  });
}

Task<void> Controller::run(int workers) {
  io::TaskGroup group(world_.ground.loop);
  for (int i = 0; i < workers; ++i) group.spawn(work(), text("{} {}", name_, i));
  co_await group.join();
}

Task<void> Controller::work() {
  for (;;) {
    const std::string key = co_await queue_.next();
    const Result<void> outcome = co_await reconcile(key).result();
    if (!outcome && outcome.error().kind() == ErrorKind::cancelled) co_await Result<void>(outcome);
    // A conflict only says that the mirror was a moment late.
    if (!outcome && outcome.error().kind() != ErrorKind::conflict)
      world_.ground.log.debug("{}: {}: {}", name_, key, outcome.error().message());
    queue_.done(key, outcome ? client::WorkQueue::Outcome::good : client::WorkQueue::Outcome::failed);
  }
}

void Controller::say(const Facts& owner, const Said& said) { say(kind_, owner, said); }

void Controller::say(Kind kind, const Facts& owner, const Said& said) {
  const KindNames& names = names_of(kind);
  world_.events.say(
      {std::string(names.api_version), std::string(names.kind), owner.name_space, owner.name, owner.uid},
      name_, said);
}

std::optional<Facts> Controller::copy_of_own(std::string_view key) const {
  const Facts* own = world_.of(kind_).find(key);
  return own != nullptr ? std::optional(*own) : std::nullopt;
}

Task<std::vector<const Facts*>> Controller::claim(const Facts& owner, Kind kind) {
  const Facts self = owner;
  Watched& watched = world_.of(kind);
  ClaimPlan plan =
      plan_claims(self, kind_, kind, watched.owned_by(self.uid), watched.without_owner(self.name_space));
  if (plan.adopts) co_await check_owner(self);
  if (!plan.writes.empty()) {
    co_await perform(self, std::move(plan.writes));
    plan = plan_claims(self, kind_, kind, watched.owned_by(self.uid), {});
  }
  co_return std::move(plan.kept);
}

// The mirror may not have heard yet that the owner is gone: who adopts then would make orphans anew.
Task<void> Controller::check_owner(Facts owner) {
  const json::Tree now = co_await world_.ground.client.get(
      {.resource = &world_.of(kind_).resource(), .name_space = owner.name_space, .name = owner.name});
  if (kube::text_at(now.root(), "metadata.uid") != owner.uid)
    co_await conflict("{} {} has been made anew", names_of(kind_).kind, owner.key());
  if (kube::find_at(now.root(), "metadata.deletionTimestamp") != nullptr)
    co_await conflict("{} {} is being deleted", names_of(kind_).kind, owner.key());
}

}  // namespace podo::controllers
