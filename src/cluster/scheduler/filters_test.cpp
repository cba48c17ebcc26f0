#include "cluster/scheduler/scheduler_testing.h"

namespace podo::scheduler {

TEST_CASE("room: what is requested has to be there") {
  Lab lab;
  lab.node("n1", {.cpu = "2", .memory = "1Gi", .pods = "2", .more = R"("example.com/gpu":"1")"});
  const PodPtr one = lab.pod("one", {.cpu = "1500m"});
  CHECK(lab.nodes_for(one) == "n1");
  lab.place("other", "n1", {.cpu = "600m", .memory = "900Mi"});
  CHECK(lab.why_not(one) == "0/1 nodes are available: 1 Insufficient cpu.");
  CHECK(lab.why_not(lab.pod("both", {.cpu = "1500m", .memory = "200Mi"})) ==
        "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.");
  CHECK_FALSE(lab.check(one, "n1").hopeless);
  CHECK(lab.check(lab.pod("huge", {.cpu = "3"}), "n1").hopeless);  // also of an empty node
  CHECK(lab.nodes_for(lab.pod("none")) == "n1");
  lab.place("second", "n1");
  CHECK(lab.why_not(lab.pod("third")) == "0/1 nodes are available: 1 Too many pods.");
}

TEST_CASE("room: extended resources, init containers, sidecars, overhead and pod-level requests") {
  Lab lab;
  lab.node("n1", {.cpu = "4", .more = R"("example.com/gpu":"1")"});
  const auto shape = [&](std::string_view spec) {
    return shape_of(tree_of(text(R"({{"metadata":{{"namespace":"default"}},"spec":{{{}}}}})", spec)).root());
  };
  const PodShape init = shape(R"("containers":[{"resources":{"requests":{"cpu":"1"}}}],
      "initContainers":[{"resources":{"requests":{"cpu":"3"}}},
                        {"restartPolicy":"Always","resources":{"requests":{"cpu":"500m"}}}])");
  CHECK(init.requests.cpu_m == 3000);
  const PodShape sidecar_first = shape(R"("containers":[{"resources":{"requests":{"cpu":"1"}}}],
      "initContainers":[{"restartPolicy":"Always","resources":{"requests":{"cpu":"500m"}}},
                        {"resources":{"requests":{"cpu":"3"}}}],"overhead":{"cpu":"100m"})");
  CHECK(sidecar_first.requests.cpu_m == 3600);
  const PodShape whole = shape(R"("resources":{"requests":{"cpu":"2","memory":"1Gi"}},
      "containers":[{"resources":{"requests":{"cpu":"1"}}}])");
  CHECK(whole.requests.cpu_m == 2000);
  CHECK(whole.requests.memory == 1 << 30);
  const PodShape gpu = shape(R"("containers":[{"resources":{"requests":{"example.com/gpu":"2"}}}])");
  const Verdict verdict = check_node(gpu, lab.snapshot.nodes()[0]);
  CHECK(reasons_of(verdict, gpu).front() == "Insufficient example.com/gpu");
  const PodShape small = shape(R"("containers":[{}])");
  CHECK(small.requests.is_nothing());
  CHECK(small.scored_cpu_m == 100);  // counts for a little all the same
  CHECK(small.scored_memory == 200 << 20);
}

TEST_CASE("room: a pod that is being resized takes the larger of what it has and what it asks for") {
  const json::Tree pod = tree_of(pod_json(
      "p", {.cpu = "1", .status = R"("containerStatuses":[{"name":"c","allocatedResources":{"cpu":"2"}}])"}));
  CHECK(shape_of(pod.root()).requests.cpu_m == 2000);
  const json::Tree same = tree_of(pod_json(
      "p", {.cpu = "1", .status = R"("containerStatuses":[{"name":"c","allocatedResources":{"cpu":"1"}}])"}));
  CHECK(shape_key(same.root()) == shape_key(tree_of(pod_json("q", {.cpu = "1"})).root()));
  CHECK(shape_key(same.root()) != shape_key(pod.root()));
}

TEST_CASE("cordoned and tainted nodes") {
  Lab lab;
  lab.node("cordoned", {.unschedulable = true});
  lab.node("tainted", {.taints = R"({"key":"k","value":"v","effect":"NoSchedule"})"});
  lab.node("soft", {.taints = R"({"key":"k","value":"v","effect":"PreferNoSchedule"})"});
  CHECK(lab.nodes_for(lab.pod("plain")) == "soft");
  CHECK(lab.nodes_for(lab.pod("any", {.spec = R"("tolerations":[{"operator":"Exists"}],)"})) ==
        "cordoned soft tainted");
  CHECK(lab.check(lab.pod("p"), "tainted").hopeless);
  lab.node("soft", {.cpu = "0", .pods = "0"});
  CHECK(lab.why_not(lab.pod("p")) ==
        "0/3 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were "
        "unschedulable.");
}

TEST_CASE("node selectors, affinity, and pods that name their nodes") {
  Lab lab;
  lab.node("n1", {.labels = R"("disk":"ssd")"});
  lab.node("n2");
  CHECK(lab.nodes_for(lab.pod("p", {.spec = R"("nodeSelector":{"disk":"ssd"},)"})) == "n1");
  CHECK(lab.why_not(lab.pod("q", {.spec = R"("nodeSelector":{"disk":"hdd"},)"})) ==
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.");
  const PodPtr daemon = lab.pod("d", {.cpu = "100", .spec = R"("affinity":{"nodeAffinity":{
      "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
      {"matchFields":[{"key":"metadata.name","operator":"In","values":["n2"]}]}]}}},)"});
  CHECK(lab.why_not(daemon) ==
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't satisfy plugin(s) [NodeAffinity].");
}

TEST_CASE("ports of the host") {
  Lab lab;
  lab.node("n1");
  const auto port = [](std::string_view more) {
    return text(R"(,"ports":[{{"containerPort":80,"hostPort":80{}}}])", more);
  };
  const std::string all = port(""), one = port(R"(,"hostIP":"10.0.0.1")"),
                    two = port(R"(,"hostIP":"10.0.0.2")"), udp = port(R"(,"protocol":"UDP")");
  lab.place("p", "n1", {.container = one});
  CHECK(lab.nodes_for(lab.pod("a", {.container = two})) == "n1");
  CHECK(lab.nodes_for(lab.pod("b", {.container = udp})) == "n1");
  CHECK(lab.nodes_for(lab.pod("c", {.container = one})).empty());
  CHECK(lab.why_not(lab.pod("d", {.container = all})) ==
        "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
}

TEST_CASE("a snapshot forgets what has gone") {
  Lab lab;
  lab.node("n1", {.cpu = "1"});
  const PodPtr there = lab.place("p", "n1", {.cpu = "1"});
  CHECK(lab.nodes_for(lab.pod("q", {.cpu = "1"})).empty());
  lab.snapshot.remove_node("n1");
  CHECK(lab.nodes_for(lab.pod("q")).empty());
  lab.node("n1", {.cpu = "1"});  // it came back while its pod was still there
  CHECK(lab.nodes_for(lab.pod("q", {.cpu = "1"})).empty());
  lab.snapshot.remove(*there);
  CHECK(lab.nodes_for(lab.pod("q", {.cpu = "1"})) == "n1");
}

}  // namespace podo::scheduler
