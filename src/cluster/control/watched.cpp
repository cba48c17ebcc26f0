#include "cluster/control/watched.h"

#include "base/io/combine.h"

namespace podo::controllers {
namespace {

constexpr Duration shown_within = seconds(30);

std::string key_of(const objects::Object& object) {
  return std::string(object.name_space()).append("/").append(object.name());
}

}  // namespace

Watched::Watched(client::Client& client, Kind kind)
    : client_(client),
      kind_(kind),
      resource_(*client.resource(names_of(kind).group, names_of(kind).plural)) {}

Task<void> Watched::start() {
  mirror_ = co_await client_.mirror(
      resource_, {},
      [this](const objects::Object& before, const objects::Object& now) { change(before, now); });
}

void Watched::change(const objects::Object& before, const objects::Object& now) {
  for (const objects::Mirror::Changed& seen : object_listeners_) seen(before, now);
  const std::string key = key_of(now ? now : before);
  std::unique_ptr<const Facts> old, fresh;
  if (const auto found = facts_.find(key); found != facts_.end()) {
    old = std::move(found->second);
    facts_.erase(found);
    const auto group = by_owner_.find(group_of(*old));
    group->second.erase(key);
    if (group->second.empty()) by_owner_.erase(group);
  }
  if (now)
    if (const auto tree = now.tree()) fresh = facts_of(kind_, tree->root());
  const Facts* shown = fresh.get();
  if (fresh) {
    by_owner_[group_of(*fresh)].insert(key);
    facts_.emplace(key, std::move(fresh));
  }
  if (old || shown)
    for (const Changed& listener : listeners_) listener(old.get(), shown);
  moved_.notify_all();
}

std::string Watched::group_of(const Facts& facts) const {
  return facts.owner ? facts.owner->uid : "/" + facts.name_space;
}

const Facts* Watched::find(std::string_view key) const {
  const auto found = facts_.find(key);
  return found != facts_.end() ? found->second.get() : nullptr;
}

const Facts* Watched::find(std::string_view name_space, std::string_view name) const {
  return find(std::string(name_space).append("/").append(name));
}

std::vector<const Facts*> Watched::all(std::string_view name_space) const {
  std::vector<const Facts*> all;
  const std::string prefix = name_space.empty() ? std::string() : std::string(name_space) + "/";
  for (auto it = facts_.lower_bound(prefix); it != facts_.end() && it->first.starts_with(prefix); ++it)
    all.push_back(it->second.get());
  return all;
}

std::vector<const Facts*> Watched::named(const std::set<std::string>& keys) const {
  std::vector<const Facts*> all;
  for (const std::string& key : keys) all.push_back(find(key));
  return all;
}

std::vector<const Facts*> Watched::owned_by(std::string_view uid) const {
  const auto found = by_owner_.find(uid);
  return found != by_owner_.end() ? named(found->second) : std::vector<const Facts*>();
}

std::vector<const Facts*> Watched::without_owner(std::string_view name_space) const {
  return owned_by("/" + std::string(name_space));
}

std::optional<json::Tree> Watched::read(std::string_view key) const {
  const std::size_t slash = key.find('/');
  const objects::Object* object = mirror_->find(key.substr(0, slash), key.substr(slash + 1));
  if (object == nullptr) return std::nullopt;
  Result<json::Tree> tree = object->tree();
  return tree ? std::optional(*std::move(tree)) : std::nullopt;
}

Task<void> Watched::reach(Revision revision) { return io::deadline(mirror_->reach(revision), shown_within); }

Task<void> Watched::gone(std::string key, std::string uid) {
  return io::deadline(wait_for_end(std::move(key), std::move(uid)), shown_within);
}

Task<void> Watched::wait_for_end(std::string key, std::string uid) {
  const auto stands = [&] {
    const Facts* facts = find(key);
    return facts != nullptr && facts->uid == uid && !facts->deleting();
  };
  while (stands()) co_await moved_.wait();
}

Pods as_pods(const std::vector<const Facts*>& facts) {
  Pods pods;
  pods.reserve(facts.size());
  for (const Facts* each : facts) pods.push_back(&as_pod(*each));
  return pods;
}

}  // namespace podo::controllers
