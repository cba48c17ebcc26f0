// The garbage collector in simulated clusters with faults: whatever is lost on the way, no dependent of a
// living owner goes, and nothing stays that nobody owns.
#include <algorithm>
#include <set>

#include "cluster/controllers/controllers_testing.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

constexpr Faults some_faults{.conflicts = 50, .lost_requests = 30, .lost_answers = 20, .ended_watches = 5};

std::string uid_of(FakeCluster& c, std::string_view key) {
  return std::string(text_at(c.at(key), "metadata.uid"));
}

// "configmaps/default/NAME", owned by those of `owners` (keys); `blocks` all of them.
std::string map_of(FakeCluster& c, std::string_view name, const std::vector<std::string>& owners,
                   bool blocks = false) {
  std::string references;
  for (const std::string& owner : owners)
    references +=
        text(R"({}{{"apiVersion":"v1","kind":"ConfigMap","name":"{}","uid":"{}","blockOwnerDeletion":{}}})",
             references.empty() ? "" : ",", text_at(c.at(owner), "metadata.name"), uid_of(c, owner), blocks);
  return c.api.make(
      text(R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{}","ownerReferences":[{}]}}}})",
           name, references));
}

// Uids of everything, and whether somebody of them is among the owners.
void no_living_owner_is_robbed(FakeCluster& c, std::map<std::string, std::set<std::string>>& owners_of) {
  std::set<std::string> alive;
  for (const json::Tree* map : c.api.all("configmaps")) {
    const std::string uid(text_at(map->root(), "metadata.uid"));
    alive.insert(uid);
    std::set<std::string>& owners = owners_of[uid];
    owners.clear();
    for (const json::Item& owner : kube::children_at(map->root(), "metadata.ownerReferences"))
      owners.emplace(text_at(owner, "uid"));
  }
  for (const auto& [uid, owners] : owners_of) {
    if (alive.contains(uid) || owners.empty()) continue;
    for (const std::string& owner : owners) CHECK_FALSE(alive.contains(owner));
  }
}

// A forest that grows at random, of which owners are deleted at random.
Task<void> forests_are_pruned(FakeCluster& c) {
  std::map<std::string, std::set<std::string>> owners_of;
  c.api.observe = [&] { no_living_owner_is_robbed(c, owners_of); };
  int made = 0;
  for (int step = 0; step < 60; ++step) {
    std::vector<std::string> there;
    for (const json::Tree* map : c.api.all("configmaps"))
      there.push_back(text("configmaps/default/{}", text_at(map->root(), "metadata.name")));
    const auto any = [&] { return there[c.loop.random().below(there.size())]; };
    if (there.empty() || c.loop.random().below(4) != 0) {
      std::vector<std::string> owners;
      for (std::uint64_t i = c.loop.random().below(3); i > 0 && !there.empty(); --i)
        if (const std::string owner = any(); !std::ranges::contains(owners, owner)) owners.push_back(owner);
      map_of(c, text("m{}", ++made), owners);
    } else if (const std::string key = any(); owners_of[uid_of(c, key)].empty()) {
      owners_of.erase(uid_of(c, key));  // by a user, who may
      c.api.remove(key);
    }
    co_await io::sleep(milliseconds(static_cast<std::int64_t>(c.loop.random().below(3000))));
  }
  CHECK(co_await c.settles([&] {
    std::set<std::string> alive;
    for (const json::Tree* map : c.api.all("configmaps")) alive.emplace(text_at(map->root(), "metadata.uid"));
    for (const json::Tree* map : c.api.all("configmaps"))
      for (const json::Item& owner : kube::children_at(map->root(), "metadata.ownerReferences"))
        if (!alive.contains(std::string(text_at(owner, "uid")))) return false;  // an orphan, or half of one
    return true;
  }));
}

Task<void> dependents_go_first(FakeCluster& c) {
  const std::string root = map_of(c, "root", {});
  const std::string child = map_of(c, "child", {root}, true),
                    grandchild = map_of(c, "grandchild", {child}, true);
  map_of(c, "other", {root});
  c.api.observe = [&] {
    if (c.api.find(root) == nullptr) CHECK(c.api.find(child) == nullptr);
    if (c.api.find(child) == nullptr) CHECK(c.api.find(grandchild) == nullptr);
  };
  co_await io::sleep(seconds(10));
  c.api.remove(root, "Foreground");
  CHECK(co_await c.settles([&] { return c.api.all("configmaps").empty(); }));
}

Task<void> orphans_stay(FakeCluster& c) {
  const std::string root = map_of(c, "root", {}), second = map_of(c, "second", {});
  const std::string child = map_of(c, "child", {root}, true), both = map_of(c, "both", {root, second});
  co_await io::sleep(seconds(10));
  c.api.remove(root, "Orphan");
  CHECK(co_await c.settles([&] { return c.api.find(root) == nullptr; }));
  CHECK(kube::size_at(c.at(child), "metadata.ownerReferences") == 0);
  CHECK(text_at(c.at(both), "metadata.ownerReferences[0].uid") == uid_of(c, second));
}

// Each of three is owned by the next: the first one's end in the foreground ends all of them.
Task<void> rings_are_broken(FakeCluster& c) {
  std::vector<std::string> keys;
  for (const std::string_view name : {"a", "b", "c"}) keys.push_back(map_of(c, name, {}));
  for (std::size_t i = 0; i < 3; ++i) {
    json::Item& owner = c.at(keys[i]).member("metadata").member("ownerReferences").append();
    owner.member("apiVersion").set_string("v1");
    owner.member("kind").set_string("ConfigMap");
    owner.member("name").set_string(text_at(c.at(keys[(i + 1) % 3]), "metadata.name"));
    owner.member("uid").set_string(uid_of(c, keys[(i + 1) % 3]));
    owner.member("blockOwnerDeletion").set_boolean(true);
    c.api.changed(keys[i]);
  }
  co_await io::sleep(seconds(20));
  CHECK(c.api.all("configmaps").size() == 3);
  c.api.remove(keys[0], "Foreground");
  CHECK(co_await c.settles([&] { return c.api.all("configmaps").empty(); }));
}

Task<void> owners_are_who_they_are(FakeCluster& c) {
  const std::string root = map_of(c, "root", {});
  const std::string node = uid_of(c, "nodes//n1");
  const auto owned = [&](std::string_view kind, std::string_view name, std::string_view api_version,
                         std::string_view owner_kind, std::string_view owner, std::string_view uid) {
    return c.api.make(text(R"({{"apiVersion":"v1","kind":"{}","metadata":{{"name":"{}","ownerReferences":[
      {{"apiVersion":"{}","kind":"{}","name":"{}","uid":"{}"}}]}}}})",
                           kind, name, api_version, owner_kind, owner, uid));
  };
  const std::string good = owned("ConfigMap", "good", "v1", "ConfigMap", "root", uid_of(c, root));
  const std::string of_node = owned("ConfigMap", "of-node", "v1", "Node", "n1", node);
  const std::string of_unknown = owned("ConfigMap", "of-unknown", "x.io/v1", "Thing", "n1", "u");
  const std::string global = owned("Namespace", "global", "v1", "ConfigMap", "nobody", "u");
  owned("ConfigMap", "other-uid", "v1", "ConfigMap", "root", "u");
  owned("ConfigMap", "other-kind", "v1", "Secret", "root", uid_of(c, root));
  owned("ConfigMap", "no-such-node", "v1", "Node", "n9", "u");
  owned("Namespace", "of-no-node", "v1", "Node", "n9", "u");
  CHECK(co_await c.settles([&] { return c.api.all("configmaps").size() == 4; }));
  for (const std::string& key : {good, of_node, of_unknown, global}) CHECK(c.api.find(key) != nullptr);
  CHECK(c.api.find("namespaces//of-no-node") == nullptr);
  c.api.erase("nodes//n1");
  CHECK(co_await c.settles([&] { return c.api.find(of_node) == nullptr; }));
}

}  // namespace

TEST_CASE("no dependent of a living owner is deleted, and none stays without one") {
  in_many_worlds(20, {}, forests_are_pruned);
  in_many_worlds(20, some_faults, forests_are_pruned);
}
TEST_CASE("in the foreground, dependents that block go first") {
  in_many_worlds(5, {}, dependents_go_first);
  in_many_worlds(20, some_faults, dependents_go_first);
}
TEST_CASE("orphans stay, and belong to those owners that are left") {
  in_many_worlds(5, {}, orphans_stay);
  in_many_worlds(20, some_faults, orphans_stay);
}
TEST_CASE("a ring of owners can be deleted") { in_many_worlds(10, some_faults, rings_are_broken); }
TEST_CASE("an owner is known by its kind, name and uid; one of an unknown kind may be there") {
  in_many_worlds(10, some_faults, owners_are_who_they_are);
}

}  // namespace podo::controllers
