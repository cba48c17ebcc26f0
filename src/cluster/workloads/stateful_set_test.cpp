#include "cluster/control/plans_testing.h"
#include "cluster/workloads/stateful_set_plan.h"

namespace podo::controllers {
namespace {

json::Tree stateful_set(std::string_view spec, std::string_view status = "{}") {
  return tree_of(text(R"({{"metadata":{{"name":"web","namespace":"default","uid":"u","generation":1}},
    "spec":{{{},"serviceName":"s","updateStrategy":{{"type":"RollingUpdate"}},
    "selector":{{"matchLabels":{{"a":"b"}}}},
    "template":{{"metadata":{{"labels":{{"a":"b"}}}},"spec":{{"containers":[]}}}}}},"status":{}}})",
                      spec, status));
}

json::Tree revision_of(const json::Tree& set, std::string_view name, int number) {
  json::Tree tree;
  tree.root().member("metadata").member("name").set_string(name);
  tree.root().member("revision").set_number(number);
  json::Item& data = tree.root().member("data").member("spec").member("template");
  data.member("$patch").set_string("replace");
  for (const json::Item& member : kube::children_at(set.root(), "spec.template"))
    data.member(member.key()).copy(member);
  return tree;
}

Plan plan_of(const json::Tree& set, const PodTable& table,
             const std::map<std::string, const Facts*, std::less<>>& claims = {}) {
  std::vector<json::Tree> there;
  there.push_back(revision_of(set, "web-new", 2));
  json::Tree old = revision_of(set, "web-old", 1);
  old.root().member("data").member("spec").member("template").member("spec").member("old").set_boolean(true);
  there.push_back(std::move(old));
  const Facts self = self_of(Kind::stateful_set, set);
  const Revisions revisions(set.root(), Kind::stateful_set, self, std::move(there));
  return plan_stateful_set({set.root(), self, table.pods, claims, revisions, 1000});
}

constexpr std::string_view now = "controller-revision-hash=web-new", old = "controller-revision-hash=web-old";
std::string pod(std::string_view line, std::string_view revision) { return text("{} @n {}", line, revision); }

}  // namespace

TEST_CASE("the template of a StatefulSet becomes a revision first") {
  const json::Tree set = stateful_set(R"("replicas":1)");
  const Facts self = self_of(Kind::stateful_set, set);
  const Revisions revisions(set.root(), Kind::stateful_set, self, {});
  const Plan plan = plan_stateful_set({set.root(), self, {}, {}, revisions, 1000});
  REQUIRE(plan.writes.size() == 1);
  CHECK(plan.writes[0].kind == Kind::revision);
  CHECK(kube::number_at(plan.writes[0].object.root(), "revision") == 1);
  CHECK(kube::text_at(plan.writes[0].object.root(), "data.spec.template.$patch") == "replace");
}

TEST_CASE("ordered: pod after pod, and the last one goes first") {
  const json::Tree three = stateful_set(R"("replicas":3)"), one = stateful_set(R"("replicas":1)");
  CHECK(told(plan_of(three, PodTable{})) == "create Pod web-0");
  CHECK(told(plan_of(three, PodTable{pod("web-0 running", now)})).empty());
  CHECK(told(plan_of(three, PodTable{pod("web-0 running ready", now)})) == "create Pod web-1");
  CHECK(told(plan_of(three, PodTable{pod("web-0 running ready deleting", now)})).empty());
  CHECK(told(plan_of(three, PodTable{pod("web-0 failed", now)})) == "remove Pod web-0");
  const PodTable all{pod("web-0 running ready", now), pod("web-1 running ready", now),
                     pod("web-2 running ready", now)};
  CHECK(told(plan_of(one, all)) == "remove Pod web-2");
  const PodTable broken{pod("web-0 running ready", now), pod("web-1 running", now),
                        pod("web-2 running ready", now)};
  CHECK(told(plan_of(one, broken)) == "remove Pod web-2");
  const PodTable broken_first{pod("web-0 running", now), pod("web-1 running ready", now)};
  CHECK(told(plan_of(one, broken_first)).empty());
}

TEST_CASE("parallel: all at once; ordinals may begin later") {
  const json::Tree set =
      stateful_set(R"("replicas":2,"podManagementPolicy":"Parallel","ordinals":{"start":5})");
  CHECK(told(plan_of(set, PodTable{pod("web-4 running", now), pod("web-5 pending", now)})) ==
        "create Pod web-6, remove Pod web-4");
}

TEST_CASE("a new template replaces from the last down to the partition") {
  const PodTable all{pod("web-0 running ready", old), pod("web-1 running ready", old),
                     pod("web-2 running ready", old)};
  CHECK(told(plan_of(stateful_set(R"("replicas":3)", R"({"currentRevision":"web-old"})"), all)) ==
        "remove Pod web-2");
  const json::Tree parted = tree_of(R"({"metadata":{"name":"web","namespace":"default","uid":"u"},
    "spec":{"replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}},
    "template":{"metadata":{"labels":{"a":"b"}}}},"status":{"currentRevision":"web-old"}})");
  const PodTable last{pod("web-0 running ready", old), pod("web-1 running ready", old),
                      pod("web-2 running ready", now)};
  CHECK(told(plan_of(parted, last)).empty());
  const Plan missing = plan_of(parted, PodTable{});
  REQUIRE(missing.writes.size() == 1);
  CHECK(kube::text_at(missing.writes[0].object.root(), "metadata.labels.controller-revision-hash") ==
        "web-old");
  const PodTable done{pod("web-0 running ready", now)};
  const Plan finished = plan_of(stateful_set(R"("replicas":1)", R"({"currentRevision":"web-old"})"), done);
  REQUIRE(finished.status);
  CHECK(kube::text_at(finished.status->object.root(), "status.currentRevision") == "web-new");
}

TEST_CASE("claims come before their pod, and go as the policy says") {
  const json::Tree set = stateful_set(R"("replicas":1,"volumeClaimTemplates":[{"metadata":{"name":"data"}}],
    "persistentVolumeClaimRetentionPolicy":{"whenScaled":"Delete","whenDeleted":"Retain"})");
  const Plan first = plan_of(set, PodTable{});
  CHECK(told(first) == "create PersistentVolumeClaim data-web-0, create Pod web-0");
  CHECK(kube::text_at(first.writes[1].object.root(), "spec.volumes[0].persistentVolumeClaim.claimName") ==
        "data-web-0");
  CHECK(kube::text_at(first.writes[1].object.root(), "spec.subdomain") == "s");
  Facts kept, leaving;
  kept.name = "data-web-0";
  leaving.name = "data-web-1";
  const std::map<std::string, const Facts*, std::less<>> claims = {{kept.name, &kept},
                                                                   {leaving.name, &leaving}};
  const Plan scaled =
      plan_of(set, PodTable{pod("web-0 running ready", now), pod("web-1 running ready", now)}, claims);
  CHECK(told(scaled) == "patch PersistentVolumeClaim data-web-1, remove Pod web-1");
  CHECK(scaled.writes[0].change.contains(R"("uid":"uid-web-1")"));
  kept.deleted = 1;
  CHECK(told(plan_of(set, PodTable{}, claims)).empty());
}

TEST_CASE("ordinals of names") {
  CHECK(ordinal_of("web-12", "web") == 12);
  CHECK_FALSE(ordinal_of("web-x", "web"));
  CHECK_FALSE(ordinal_of("web-", "web"));
  CHECK_FALSE(ordinal_of("other-1", "web"));
}

}  // namespace podo::controllers
