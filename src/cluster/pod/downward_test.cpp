#include "cluster/pod/downward.h"

#include <doctest/doctest.h>

#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

const char* const web = R"({
  "metadata": {"name": "web-1", "namespace": "shop", "uid": "u-1",
               "labels": {"tier": "a \"b\"\n", "app": "web"}, "annotations": {"x.y/z": "é\u0007"}},
  "spec": {"nodeName": "n1", "serviceAccountName": "seller", "resources": {"limits": {"memory": "1Gi"}},
           "containers": [
             {"name": "c", "resources": {"limits": {"cpu": "1500m"},
                                         "requests": {"cpu": "250m", "memory": "100M"}}},
             {"name": "d"}],
           "initContainers": [{"name": "i", "resources": {"limits": {"memory": "64Mi"}}}]}})";

TEST_CASE("a pod is told its own fields") {
  const json::Tree pod = parsed(web);
  const DownwardFacts facts{.pod_ips = {"10.1.0.2", "fd00::2"}, .host_ips = {"192.0.2.1"}, .allocatable = {}};
  struct Row {
    std::string_view field, value;
  };
  for (const Row& row :
       std::initializer_list<Row>{{"metadata.name", "web-1"},
                                  {"metadata.namespace", "shop"},
                                  {"metadata.uid", "u-1"},
                                  {"metadata.labels", "app=\"web\"\ntier=\"a \\\"b\\\"\\n\""},
                                  {"metadata.annotations", "x.y/z=\"é\\a\""},
                                  {"metadata.labels['app']", "web"},
                                  {"metadata.labels['none']", ""},
                                  {"metadata.annotations['x.y/z']", "é\a"},
                                  {"spec.nodeName", "n1"},
                                  {"spec.serviceAccountName", "seller"},
                                  {"status.podIP", "10.1.0.2"},
                                  {"status.podIPs", "10.1.0.2,fd00::2"},
                                  {"status.hostIP", "192.0.2.1"},
                                  {"status.hostIPs", "192.0.2.1"}}) {
    CAPTURE(row.field);
    CHECK_EQ(value_of(field_value(pod.root(), row.field, facts)), row.value);
  }
  CHECK_EQ(value_of(field_value(pod.root(), "spec.hostname", facts)),
           "error: unsupported fieldPath: spec.hostname");
  CHECK_EQ(value_of(field_value(pod.root(), "spec.tolerations['x']", facts)),
           "error: fieldPath \"spec.tolerations['x']\" does not support subscript");
}

TEST_CASE("a container is told its resources, in whole divisors") {
  const json::Tree pod = parsed(web);
  const json::Tree node = parsed(R"({"cpu": "3500m", "memory": "8Gi", "ephemeral-storage": "50Gi"})");
  const DownwardFacts facts{.pod_ips = {}, .host_ips = {}, .allocatable = strategy::amounts_of(&node.root())};
  const json::Item& own = *pod.root().find("spec", "containers")->at(0);
  struct Row {
    std::string_view selector, value;
  };
  for (const Row& row : std::initializer_list<Row>{
           {R"({"resource":"limits.cpu"})", "2"},
           {R"({"resource":"limits.cpu","divisor":"0"})", "2"},
           {R"({"resource":"limits.cpu","divisor":"1m"})", "1500"},
           {R"({"resource":"requests.cpu"})", "1"},
           {R"({"resource":"requests.memory","divisor":"1Mi"})", "96"},
           {R"({"resource":"limits.memory"})", "1073741824"},  // the pod's
           {R"({"resource":"limits.cpu","containerName":"d"})", "4"},
           {R"({"resource":"limits.ephemeral-storage","divisor":"1Gi"})", "50"},
           {R"({"resource":"limits.memory","containerName":"i","divisor":"1Mi"})", "64"},
           {R"({"resource":"requests.memory","containerName":"d"})", "0"},
           {R"({"resource":"limits.hugepages-2Mi"})", "0"},
           {R"({"resource":"limits.memory","containerName":"x"})", "error: container x not found"},
           {R"({"resource":"limits.pods"})", "error: unsupported container resource : limits.pods"}}) {
    CAPTURE(row.selector);
    const json::Tree selector = parsed(row.selector);
    CHECK_EQ(value_of(resource_value(pod.root(), selector.root(), &own, facts)), row.value);
  }
}

}  // namespace
}  // namespace podo::pod
