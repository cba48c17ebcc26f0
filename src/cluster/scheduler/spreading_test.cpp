#include "cluster/scheduler/scheduler_testing.h"

namespace podo::scheduler {
namespace {

constexpr std::string_view zone_a = R"("topology.kubernetes.io/zone":"a")",
                           zone_b = R"("topology.kubernetes.io/zone":"b")",
                           zone_c = R"("topology.kubernetes.io/zone":"c")", web = R"("app":"web")";

std::string spread_over(std::string_view key, int skew, std::string_view more = "",
                        std::string_view when = "DoNotSchedule") {
  return text(R"("topologySpreadConstraints":[{{"topologyKey":"{}","maxSkew":{},"whenUnsatisfiable":"{}",)"
              R"("labelSelector":{{"matchLabels":{{"app":"web"}}}}{}}}],)",
              key, skew, when, more);
}
const std::string by_zone(std::string_view more = "", int skew = 1) {
  return spread_over("topology.kubernetes.io/zone", skew, more);
}

void three_zones(Lab& lab) {
  lab.node("a1", {.labels = zone_a});
  lab.node("a2", {.labels = zone_a});
  lab.node("b1", {.labels = zone_b});
  lab.node("bare");
}

}  // namespace

TEST_CASE("spreading: no domain gets ahead of the emptiest") {
  Lab lab;
  three_zones(lab);
  const std::string rule = by_zone();
  const PodPtr pod = lab.pod("p", {.labels = web, .spec = rule});
  CHECK(lab.nodes_for(pod) == "a1 a2 b1");
  const PodPtr first = lab.place("w1", "a1", {.labels = web});
  CHECK(lab.nodes_for(pod) == "b1");
  CHECK(lab.why_not(lab.pod("q", {.cpu = "100", .labels = web, .spec = rule})).starts_with("0/4 nodes"));
  CHECK(lab.check(pod, "a2").obstacle == Obstacle::spread);
  CHECK_FALSE(lab.check(pod, "a2").hopeless);
  CHECK(lab.check(pod, "bare").obstacle == Obstacle::spread_label);
  lab.place("w2", "b1", {.labels = web});
  CHECK(lab.nodes_for(pod) == "a1 a2 b1");
  lab.snapshot.remove(*first);
  CHECK(lab.nodes_for(pod) == "a1 a2");
  const std::string loose = by_zone("", 2);
  CHECK(lab.nodes_for(lab.pod("r", {.labels = web, .spec = loose})) == "a1 a2 b1");
}

TEST_CASE("spreading: pods that are not meant, in other namespaces or ending do not count") {
  Lab lab;
  three_zones(lab);
  const std::string rule = by_zone();
  lab.place("other", "a1", {.labels = R"("app":"db")"});
  lab.place("far", "a1", {.labels = web, .name_space = "elsewhere"});
  lab.place("ending", "a1", {.labels = web, .meta = R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")"});
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .spec = rule})) == "a1 a2 b1");
  lab.place("w", "a1", {.labels = web});
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .spec = rule})) == "b1");
  CHECK(lab.nodes_for(lab.pod("q", {.labels = R"("app":"x")", .spec = rule})) ==
        "a1 a2 b1");  // not one of them
}

TEST_CASE("spreading: minDomains, and which nodes make domains") {
  Lab lab;
  three_zones(lab);
  lab.place("w1", "a1", {.labels = web});
  lab.place("w2", "b1", {.labels = web});
  const std::string three = by_zone(R"(,"minDomains":3)");
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .spec = three})).empty());
  lab.node("c1", {.labels = zone_c});
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .spec = three})) == "c1");
  lab.node("c1", {.labels = zone_c, .taints = R"({"key":"k","effect":"NoSchedule"})"});
  const std::string plain = by_zone(), honors = by_zone(R"(,"nodeTaintsPolicy":"Honor")");
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .spec = plain}))
            .empty());  // the tainted zone counts as empty
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .spec = honors})) == "a1 a2 b1");
  const std::string chosen = plain + R"("nodeSelector":{"kubernetes.io/hostname":"a2"},)";
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .spec = chosen})) == "a2");  // the only domain that counts
  const std::string ignores =
      by_zone(R"(,"nodeAffinityPolicy":"Ignore")") + R"("nodeSelector":{"kubernetes.io/hostname":"a2"},)";
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .spec = ignores})).empty());
}

TEST_CASE("spreading by wish, and by default of pods of a set") {
  Lab lab;
  lab.node("n1");
  lab.node("n2");
  const std::string wish = spread_over("kubernetes.io/hostname", 1, "", "ScheduleAnyway");
  for (int i = 0; i < 3; ++i) lab.place(text("w{}", i), "n1", {.labels = web});
  lab.place("heavy", "n2", {.cpu = "500m"});
  CHECK(lab.picked(lab.pod("p", {.labels = web, .spec = wish})) == "n2");
  Lab sets;
  sets.node("n1");
  sets.node("n2");
  sets.place("s1", "n1", {.owner = "set"});
  sets.place("heavy", "n2", {.cpu = "100m"});
  CHECK(sets.picked(sets.pod("s2", {.owner = "set"})) == "n2");
  CHECK(sets.picked(sets.pod("s2", {.cpu = "100m"})) == "n1");
}

TEST_CASE("affinity: only where such pods are") {
  Lab lab;
  three_zones(lab);
  const auto wants = [](std::string_view which, std::string_view key, std::string_view app,
                        std::string_view more = "") {
    return text(
        R"("affinity":{{"{}":{{"requiredDuringSchedulingIgnoredDuringExecution":[{{"topologyKey":"{}",)"
        R"("labelSelector":{{"matchLabels":{{"app":"{}"}}}}{}}}]}}}},)",
        which, key, app, more);
  };
  const std::string near = wants("podAffinity", "topology.kubernetes.io/zone", "db");
  CHECK(lab.nodes_for(lab.pod("p", {.spec = near})).empty());
  CHECK(lab.check(lab.pod("p", {.spec = near}), "a1").obstacle == Obstacle::affinity);
  CHECK(lab.nodes_for(lab.pod("p", {.labels = R"("app":"db")", .spec = near})) ==
        "a1 a2 b1");  // the first of them
  lab.place("db", "a1", {.labels = R"("app":"db")"});
  CHECK(lab.nodes_for(lab.pod("p", {.spec = near})) == "a1 a2");
  CHECK(lab.nodes_for(lab.pod("p", {.spec = near, .name_space = "elsewhere"})).empty());

  const std::string away = wants("podAntiAffinity", "kubernetes.io/hostname", "db");
  CHECK(lab.nodes_for(lab.pod("p", {.spec = away})) == "a2 b1 bare");
  CHECK(lab.check(lab.pod("p", {.spec = away}), "a1").obstacle == Obstacle::anti_affinity);

  const std::string shy = wants("podAntiAffinity", "topology.kubernetes.io/zone", "web");
  const PodPtr hermit = lab.place("hermit", "b1", {.spec = shy});
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web})) == "a1 a2 bare");
  CHECK(lab.check(lab.pod("p", {.labels = web}), "b1").obstacle == Obstacle::existing_anti_affinity);
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web, .name_space = "elsewhere"})) == "a1 a2 b1 bare");
  lab.snapshot.remove(*hermit);
  CHECK(lab.nodes_for(lab.pod("p", {.labels = web})) == "a1 a2 b1 bare");
}

TEST_CASE("affinity: namespaces by name and by labels") {
  Lab lab;
  three_zones(lab);
  lab.place("db", "a1", {.labels = R"("app":"db")", .name_space = "data"});
  const auto away_of = [](std::string_view more) {
    return text(R"("affinity":{{"podAntiAffinity":{{"requiredDuringSchedulingIgnoredDuringExecution":[)"
                R"({{"topologyKey":"kubernetes.io/hostname",)"
                R"("labelSelector":{{"matchLabels":{{"app":"db"}}}}{}}}]}}}},)",
                more);
  };
  const std::string by_name = away_of(R"(,"namespaces":["data"])"),
                    any = away_of(R"(,"namespaceSelector":{})"),
                    labelled = away_of(R"(,"namespaceSelector":{"matchLabels":{"team":"x"}})");
  lab.snapshot.set_namespace("data", kube::Labels{});
  CHECK(lab.nodes_for(lab.pod("p", {.spec = by_name})) == "a2 b1 bare");
  CHECK(lab.nodes_for(lab.pod("p", {.spec = any})) == "a2 b1 bare");
  const PodPtr waits = lab.pod("p", {.spec = labelled});
  CHECK(lab.nodes_for(waits) == "a1 a2 b1 bare");
  lab.snapshot.set_namespace("data", kube::Labels{{"team", "x"}});
  CHECK(lab.nodes_for(waits) == "a2 b1 bare");
}

TEST_CASE("affinity by wish draws and repels") {
  const auto wish = [](std::string_view which) {
    return text(R"("affinity":{{"{}":{{"preferredDuringSchedulingIgnoredDuringExecution":[{{"weight":50,)"
                R"("podAffinityTerm":{{"topologyKey":"kubernetes.io/hostname",)"
                R"("labelSelector":{{"matchLabels":{{"app":"db"}}}}}}}}]}}}},)",
                which);
  };
  const std::string near = wish("podAffinity"), away = wish("podAntiAffinity");
  Lab lab;
  lab.node("n1");
  lab.node("n2");
  lab.place("db", "n1", {.cpu = "500m", .labels = R"("app":"db")"});
  CHECK(lab.picked(lab.pod("p", {.spec = near})) == "n1");
  lab.place("heavy", "n2", {.cpu = "1"});
  CHECK(lab.picked(lab.pod("p", {.cpu = "100m"})) == "n1");
  CHECK(lab.picked(lab.pod("p", {.cpu = "100m", .spec = away})) == "n2");
  Lab drawn;  // those that are there may wish, too
  drawn.node("n1");
  drawn.node("n2");
  drawn.place("fan", "n1", {.cpu = "500m", .spec = near});
  CHECK(drawn.picked(drawn.pod("p", {.labels = R"("app":"db")"})) == "n1");
}

}  // namespace podo::scheduler
