#include "cluster/control/plans_testing.h"
#include "cluster/endpoints/endpoints_plan.h"
#include "cluster/endpoints/slices_plan.h"

namespace podo::controllers {
namespace {

using kube::text_at;

struct Case {
  explicit Case(std::string_view spec)
      : service(tree_of(text(R"({{"metadata":{{"name":"web","namespace":"default",
    "uid":"u","labels":{{"a":"b"}}}},"spec":{{"selector":{{"app":"web"}},{}}}}})",
                             spec))) {}

  // "NAME IP [ready] [deleting] [ended]"
  Pod& add(std::string name, std::string ip, bool ready) {
    auto pod = std::make_unique<Pod>();
    pod->name_space = "default";
    pod->name = name;
    pod->uid = "uid-" + name;
    pod->ips = {ip};
    pod->node = "n1";
    pod->ready = ready;
    pod->phase = Phase::running;
    pods.push_back(std::move(pod));
    return *pods.back();
  }
  std::vector<Backend> backends() const {
    std::vector<Backend> all;
    for (const auto& pod : pods)
      all.push_back({pod.get(), objects.empty() ? nullptr : &objects.front().root(), "z1"});
    return all;
  }
  std::vector<Write> slices(const std::vector<json::Tree>& there = {}) const {
    const std::vector<Backend> all = backends();
    return plan_slices(slices_of_service({service.root(), self_of(Kind::service, service), all}), there);
  }
  std::optional<Write> endpoints(const json::Item* there = nullptr) const {
    const std::vector<Backend> all = backends();
    return plan_endpoints({service.root(), self_of(Kind::service, service), all}, there);
  }

  json::Tree service;
  std::vector<std::unique_ptr<Pod>> pods;
  std::vector<json::Tree> objects;
};

constexpr std::string_view http = R"("ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"}])";

// As the API would hold them.
std::vector<json::Tree> stored(const std::vector<Write>& writes) {
  std::vector<json::Tree> slices;
  for (const Write& write : writes) {
    slices.push_back(json::Tree::copy_of(write.object.root()));
    slices.back().root().member("metadata").member("name").set_string(text("s{}", slices.size()));
  }
  return slices;
}

std::string told(const std::vector<Write>& writes) {
  Plan plan;
  for (const Write& write : writes)
    plan.writes.push_back({.verb = write.verb,
                           .kind = write.kind,
                           .name = write.name,
                           .object = json::Tree::copy_of(write.object.root())});
  return podo::controllers::told(plan);
}

}  // namespace

TEST_CASE("a slice says of every pod whether it is ready, serves and ends") {
  Case c(http);
  c.add("a", "10.0.0.1", true);
  c.add("b", "10.0.0.2", false);
  c.add("c", "10.0.0.3", true).deleted = 900;
  c.add("d", "10.0.0.4", true).phase = Phase::succeeded;
  const std::vector<Write> writes = c.slices();
  REQUIRE(told(writes) == "create EndpointSlice web-");
  const json::Item& slice = writes[0].object.root();
  CHECK(text_at(slice, "addressType") == "IPv4");
  CHECK(text_at(slice, "metadata.ownerReferences[0].kind") == "Service");
  const json::Item* labels = kube::find_at(slice, "metadata.labels");
  CHECK(labels->find("kubernetes.io/service-name")->string() == "web");
  CHECK(labels->find("endpointslice.kubernetes.io/managed-by")->string() ==
        "endpointslice-controller.k8s.io");
  CHECK(labels->find("a")->string() == "b");
  CHECK(kube::number_at(slice, "ports[0].port") == 8080);
  CHECK(text_at(slice, "ports[0].name") == "http");
  REQUIRE(kube::size_at(slice, "endpoints") == 3);
  const auto conditions = [&](int i) {
    std::string all;
    for (const std::string_view which : {"ready", "serving", "terminating"})
      all += kube::is_true_at(slice, text("endpoints[{}].conditions.{}", i, which)) ? '1' : '0';
    return all;
  };
  CHECK(conditions(0) == "110");
  CHECK(conditions(1) == "000");
  CHECK(conditions(2) == "011");
  CHECK(text_at(slice, "endpoints[0].targetRef.uid") == "uid-a");
  CHECK(text_at(slice, "endpoints[0].nodeName") == "n1");
  CHECK(text_at(slice, "endpoints[0].zone") == "z1");
}

TEST_CASE("slices change as little as possible") {
  Case c(http);
  for (int i = 0; i < 250; ++i) c.add(text("p{}", i), text("10.0.{}.{}", i / 200, i % 200 + 1), true);
  std::vector<Write> writes = c.slices();
  CHECK(told(writes) == "create EndpointSlice web-, create EndpointSlice web-, create EndpointSlice web-");
  const std::vector<json::Tree> there = stored(writes);
  CHECK(c.slices(there).empty());

  c.pods[7]->ready = false;  // one endpoint: one slice
  writes = c.slices(there);
  REQUIRE(writes.size() == 1);
  CHECK(writes[0].verb == Write::Verb::update);
  c.pods[7]->ready = true;

  c.add("new", "10.0.9.9", true);  // into the one that has room
  writes = c.slices(there);
  REQUIRE(writes.size() == 1);
  CHECK(kube::size_at(writes[0].object.root(), "endpoints") == 51);

  c.pods.clear();  // one stays, without any
  CHECK(
      told(c.slices(there)) ==
      "create EndpointSlice web-, remove EndpointSlice s1, remove EndpointSlice s2, remove EndpointSlice s3");
  const std::vector<Write> none = c.slices();
  REQUIRE(none.size() == 1);
  CHECK(c.slices(stored(none)).empty());
}

TEST_CASE("ports by name are each pod's own; a pod without that port stands in a slice without ports") {
  Case c(R"("ports":[{"name":"http","port":80,"targetPort":"web","protocol":"TCP"}])");
  c.add("a", "10.0.0.1", true);
  std::vector<Write> writes = c.slices();
  REQUIRE(told(writes) == "create EndpointSlice web-");
  CHECK(kube::size_at(writes[0].object.root(), "ports") == 0);
  CHECK(text_at(writes[0].object.root(), "endpoints[0].addresses[0]") == "10.0.0.1");
  CHECK(c.slices(stored(writes)).empty());
  CHECK(kube::find_at(c.endpoints()->object.root(), "subsets") == nullptr);
  c.objects.push_back(tree_of(R"({"spec":{"containers":[{"name":"c","ports":[
    {"name":"web","containerPort":3000,"protocol":"UDP"},{"name":"web","containerPort":3001,
    "protocol":"TCP"}]}]}})"));
  CHECK(kube::number_at(c.slices()[0].object.root(), "ports[0].port") == 3001);
}

TEST_CASE("a Service of two families has slices of each, a pod stands where it has an address") {
  Case c(R"("ipFamilies":["IPv4","IPv6"],"ports":[{"name":"http","port":80,"protocol":"TCP"}])");
  c.add("a", "10.0.0.1", true).ips.emplace_back("fd00::1");
  c.add("b", "10.0.0.2", true);
  const std::vector<Write> writes = c.slices();
  REQUIRE(told(writes) == "create EndpointSlice web-, create EndpointSlice web-");
  CHECK(text_at(writes[0].object.root(), "addressType") == "IPv4");
  CHECK(kube::size_at(writes[0].object.root(), "endpoints") == 2);
  CHECK(text_at(writes[1].object.root(), "addressType") == "IPv6");
  REQUIRE(kube::size_at(writes[1].object.root(), "endpoints") == 1);
  CHECK(text_at(writes[1].object.root(), "endpoints[0].addresses[0]") == "fd00::1");
}

TEST_CASE("trafficDistribution: ready endpoints are meant for their zone, and for their node") {
  const auto hints = [](std::string_view wanted) {
    Case c(text(R"({},"trafficDistribution":"{}")", http, wanted));
    c.add("a", "10.0.0.1", true);
    c.add("b", "10.0.0.2", false);
    const std::vector<Write> writes = c.slices();
    const json::Item& slice = writes[0].object.root();
    CHECK(kube::find_at(slice, "endpoints[1].hints") == nullptr);
    std::string said;
    json::append_text(said, kube::part_at(slice, "endpoints[0].hints"));
    return said;
  };
  CHECK(hints("") == "null");
  CHECK(hints("PreferClose") == R"({"forZones":[{"name":"z1"}]})");
  CHECK(hints("PreferSameZone") == R"({"forZones":[{"name":"z1"}]})");
  CHECK(hints("PreferSameNode") == R"({"forZones":[{"name":"z1"}],"forNodes":[{"name":"n1"}]})");

  // What changes its mind is written again.
  Case c(http);
  c.add("a", "10.0.0.1", true);
  const std::vector<json::Tree> there = stored(c.slices());
  c.service.root().member("spec").member("trafficDistribution").set_string("PreferClose");
  CHECK(told(c.slices(there)) == "update EndpointSlice s1");
}

TEST_CASE(
    "topology-mode: ready endpoints of a family are shared among the zones; in one zone there are no hints") {
  Case c(text(R"({},"ipFamilies":["IPv4"],"trafficDistribution":"PreferClose")", http));
  c.service.root().member("metadata").member("annotations").member(topology_mode).set_string("Auto");
  for (const char* name : {"a", "b", "c", "d"}) c.add(name, text("10.0.0.{}", name[0] - 'a' + 1), true);
  c.add("e", "10.0.0.9", false);
  const auto hints = [&](const ZoneShares& shares) {
    const std::vector<Backend> all = c.backends();
    const std::vector<Write> writes = plan_slices(
        slices_of_service({c.service.root(), self_of(Kind::service, c.service), all, shares}), {});
    std::string said;
    for (const json::Item& endpoint : kube::children_at(writes[0].object.root(), "endpoints"))
      said += text("{} ", text_at(endpoint, "hints.forZones[0].name"));
    return said;
  };
  CHECK(hints({{"z1", 0.5}, {"z2", 0.5}}) == "z1 z1 z2 z2  ");
  CHECK(hints({}) == "     ");
}

TEST_CASE("a pod that is being deleted is unready at once, but serves on; unless its Service publishes all") {
  const auto conditions = [](std::string_view more) {
    Case c(text("{}{}", http, more));
    c.add("a", "10.0.0.1", true).deleted = 900;
    const std::vector<Write> writes = c.slices();
    std::string all;
    json::append_text(all, kube::part_at(writes[0].object.root(), "endpoints[0].conditions"));
    return all;
  };
  CHECK(conditions("") == R"({"ready":false,"serving":true,"terminating":true})");
  CHECK(conditions(R"(,"publishNotReadyAddresses":true)") ==
        R"({"ready":true,"serving":true,"terminating":true})");
}

TEST_CASE("headless Services may have no ports, and know their pods by name") {
  Case c(R"("clusterIP":"None","publishNotReadyAddresses":true)");
  Pod& pod = c.add("a", "10.0.0.1", false);
  pod.hostname = "web-0";
  pod.subdomain = "web";
  const std::vector<Write> writes = c.slices();
  const json::Item& slice = writes[0].object.root();
  CHECK(kube::is_true_at(slice, "endpoints[0].conditions.ready"));
  CHECK_FALSE(kube::is_true_at(slice, "endpoints[0].conditions.serving"));
  CHECK(text_at(slice, "endpoints[0].hostname") == "web-0");
  CHECK(kube::find_at(slice, "metadata.labels")->find("service.kubernetes.io/headless") != nullptr);
  const auto endpoints = c.endpoints();
  CHECK(text_at(endpoints->object.root(), "subsets[0].addresses[0].hostname") == "web-0");
  CHECK(kube::find_at(endpoints->object.root(), "subsets[0].ports") == nullptr);
}

TEST_CASE("Endpoints have a subset for each set of ports") {
  Case c(R"("ports":[{"name":"a","port":80,"targetPort":8080,"protocol":"TCP"},
    {"name":"b","port":81,"targetPort":8081,"protocol":"TCP"}])");
  c.add("p1", "10.0.0.2", true);
  c.add("p2", "10.0.0.1", false);
  c.add("p3", "10.0.0.3", true).deleted = 5;
  const auto write = c.endpoints();
  REQUIRE(write);
  const json::Item& object = write->object.root();
  CHECK(kube::size_at(object, "subsets") == 1);
  CHECK(text_at(object, "subsets[0].addresses[0].ip") == "10.0.0.2");
  CHECK(text_at(object, "subsets[0].notReadyAddresses[0].ip") == "10.0.0.1");
  CHECK(kube::size_at(object, "subsets[0].ports") == 2);
  CHECK_FALSE(c.endpoints(&object));
  c.pods.clear();
  const auto empty = c.endpoints(&object);
  REQUIRE(empty);
  CHECK(kube::find_at(empty->object.root(), "subsets") == nullptr);
}

TEST_CASE("Endpoints of others are mirrored by family and readiness") {
  const json::Tree endpoints =
      tree_of(R"({"metadata":{"name":"ext","namespace":"default","uid":"e"},"subsets":[
    {"addresses":[{"ip":"10.1.2.3"},{"ip":"fd00::1"}],"notReadyAddresses":[{"ip":"10.1.2.4"}],
     "ports":[{"port":80,"protocol":"TCP"}]}]})");
  const std::vector<Write> writes =
      plan_slices(slices_of_endpoints(endpoints.root(), self_of(Kind::endpoints, endpoints)), {});
  CHECK(told(writes) == "create EndpointSlice ext-, create EndpointSlice ext-");
  CHECK(kube::size_at(writes[0].object.root(), "endpoints") == 2);
  CHECK(text_at(writes[1].object.root(), "addressType") == "IPv6");
  CHECK(text_at(writes[0].object.root(), "metadata.ownerReferences[0].kind") == "Endpoints");
  CHECK(is_mirrored(endpoints.root()));
  CHECK_FALSE(is_mirrored(
      tree_of(R"({"metadata":{"labels":{"endpointslice.kubernetes.io/skip-mirror":"true"}}})").root()));
}

}  // namespace podo::controllers
