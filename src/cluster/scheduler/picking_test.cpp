#include "cluster/scheduler/scheduler_testing.h"
#include "cluster/scheduler/scores.h"

namespace podo::scheduler {

TEST_CASE("the emptier and the better balanced node wins") {
  Lab lab;
  lab.node("n1");
  lab.node("n2");
  lab.place("a", "n1", {.cpu = "1", .memory = "1Gi"});
  CHECK(lab.picked(lab.pod("p", {.cpu = "1", .memory = "1Gi"})) == "n2");
  const NodeInfo& n1 = lab.snapshot.nodes()[*lab.snapshot.find("n1")];
  const PodPtr even = lab.pod("e", {.cpu = "1", .memory = "1Gi"}), odd = lab.pod("o", {.cpu = "3"});
  CHECK(least_allocated(*even->shape, n1) == 50);
  CHECK(balanced_allocation(*even->shape, n1) == 100);
  CHECK(balanced_allocation(*odd->shape, n1) == 62);  // all cpus, a quarter of the memory
}

TEST_CASE("preferred nodes, soft taints and images weigh") {
  Lab lab;
  lab.node("n1", {.labels = R"("disk":"ssd")"});
  lab.node("n2");
  lab.place("load", "n1", {.cpu = "1"});
  const std::string_view prefer =
      R"("affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[
      {"weight":10,"preference":{"matchExpressions":[{"key":"disk","operator":"In","values":["ssd"]}]}}]}},)";
  CHECK(lab.picked(lab.pod("p", {.spec = prefer})) == "n1");
  CHECK(lab.picked(lab.pod("p")) == "n2");
  lab.node("n2", {.taints = R"({"key":"k","effect":"PreferNoSchedule"})"});
  CHECK(lab.picked(lab.pod("p")) == "n1");
  Lab images;
  images.node("n1", {.images = R"({"names":["i:latest"],"sizeBytes":900000000})"});
  images.node("n2");
  images.place("load", "n1", {.cpu = "200m", .memory = "50Mi"});
  CHECK(images.picked(images.pod("p")) == "n1");
  const NodeInfo& n1 = images.snapshot.nodes()[*images.snapshot.find("n1")];
  CHECK(image_locality(*images.pod("p")->shape, n1, images.snapshot) == 41);
}

TEST_CASE("names of images have tags") {
  CHECK(image_with_tag("busybox") == "busybox:latest");
  CHECK(image_with_tag("localhost:5000/busybox") == "localhost:5000/busybox:latest");
  CHECK(image_with_tag("a/b:1") == "a/b:1");
}

TEST_CASE("scores are brought to 0..100") {
  Scores scores{0, 5, 10};
  normalize(scores);
  CHECK(scores == Scores{0, 50, 100});
  normalize_reversed(scores);
  CHECK(scores == Scores{100, 50, 0});
  Scores between{-10, 0, 30};
  normalize_between(between);
  CHECK(between == Scores{0, 25, 100});
  Scores same{7, 7};
  normalize_between(same);
  CHECK(same == Scores{0, 0});
  Scores costs{-1, 2, 4};
  normalize_spread(costs);
  CHECK(costs == Scores{0, 100, 50});
}

TEST_CASE("in large clusters some nodes are enough") {
  CHECK(Picker::enough_of(50) == 50);
  CHECK(Picker::enough_of(100) == 100);
  CHECK(Picker::enough_of(1000) == 420);
  CHECK(Picker::enough_of(5000) == 500);
  CHECK(Picker::enough_of(10000) == 500);
}

TEST_CASE("zones take turns in the order of nodes") {
  Lab lab;
  for (int i = 0; i < 4; ++i) lab.node(text("a{}", i), {.labels = R"("topology.kubernetes.io/zone":"a")"});
  for (int i = 0; i < 2; ++i) lab.node(text("b{}", i), {.labels = R"("topology.kubernetes.io/zone":"b")"});
  std::string order;
  for (const std::uint32_t node : lab.snapshot.order()) order += lab.snapshot.nodes()[node].node.name + " ";
  CHECK(order == "a0 b0 a1 b1 a2 a3 ");
}

TEST_CASE("shapes are shared by pods of one template, and forgotten with them") {
  Lab lab;
  const PodPtr one = lab.pod("one", {.cpu = "1"}), two = lab.pod("two", {.cpu = "1"});
  CHECK(one->shape == two->shape);
  CHECK(one->shape != lab.pod("three", {.cpu = "2"})->shape);
  for (int i = 0; i < 5000; ++i) {
    const std::string label = text(R"("n":"{}")", i);
    lab.pod("p", {.labels = label});
  }
  CHECK(lab.snapshot.census().shapes() <= Census::shapes_min);
}

TEST_CASE("the smallest change that would let it in") {
  const auto change = [](Lab& lab, const PodPtr& pod) {
    Picker picker(lab.random);
    const Fitting fitting = lab.fitting(pod);
    return smallest_change(picker.pick(fitting).diagnosis, fitting);
  };
  Lab lab;
  lab.node("n1", {.cpu = "1"});
  lab.node("n2", {.cpu = "1800m"});
  CHECK(change(lab, lab.pod("p", {.cpu = "2"})) == "It would fit on n2 with 200m more cpu.");
  CHECK(change(lab, lab.pod("p", {.cpu = "2", .memory = "5Gi"})) ==
        "It would fit on n2 with 200m more cpu and 1024Mi more memory.");
  const std::string_view ssd = R"("nodeSelector":{"disk":"ssd"},)";
  CHECK(change(lab, lab.pod("p", {.spec = ssd})).ends_with("if that had the label disk=ssd."));
  CHECK(change(lab, lab.pod("p", {.cpu = "2", .spec = ssd})).empty());  // two things are in the way
  Lab tainted;
  tainted.node("n1", {.taints = R"({"key":"k","value":"v","effect":"NoSchedule"})"});
  CHECK(change(tainted, tainted.pod("p")) == "It would fit on n1 if it tolerated the taint k=v:NoSchedule.");
  Lab cordoned;
  cordoned.node("n1", {.unschedulable = true});
  CHECK(change(cordoned, cordoned.pod("p")) == "It would fit on n1 if that were uncordoned.");
}

}  // namespace podo::scheduler
