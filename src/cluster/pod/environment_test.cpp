#include "cluster/pod/environment.h"

#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

const char* const pod_text = R"({"metadata": {"name": "p", "namespace": "ns"}, "spec": {"nodeName": "n1"}})";

struct World {
  json::Tree pod = parsed(pod_text);
  DownwardFacts downward = {.pod_ips = {"10.0.0.9"}, .host_ips = {}, .allocatable = {}};
  EnvironmentFacts facts{.downward = downward};

  World() {
    facts.sources.emplace(SourceName{false, "cm"},
                          parsed(R"({"data": {"b.c": "2", "A": "1", "9": "nine"}})"));
    facts.sources.emplace(SourceName{true, "s"}, parsed(R"({"data": {"key": "c2VjcmV0", "A": "eA=="}})"));
    facts.services.set("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    facts.services.set("A", "weak");
  }
  // "NAME=VALUE|NAME=VALUE", or the error.
  std::string of(std::string_view container_text) {
    const json::Tree container = parsed(container_text);
    const auto resolved = resolve_environment(pod.root(), container.root(), facts);
    if (!resolved) return "error: " + resolved.error().message();
    std::string all;
    for (const std::string& each : resolved->variables.assignments())
      all.append(all.empty() ? "" : "|").append(each);
    return all;
  }
};

TEST_CASE("$(NAME) is put in, $$ is a dollar, the rest stays") {
  Environment environment;
  environment.set("A", "1");
  environment.set("B_x", "$(A)");
  struct Row {
    std::string_view text, value;
  };
  for (const Row& row : std::initializer_list<Row>{{"$(A)-$(A)", "1-1"},
                                                   {"$(B_x)", "$(A)"},
                                                   {"$(NONE)", "$(NONE)"},
                                                   {"$$(A) $$$(A)", "$(A) $1"},
                                                   {"$A ${A} $", "$A ${A} $"},
                                                   {"$(A", "$(A"},
                                                   {"a$$", "a$"},
                                                   {"$()", "$()"},
                                                   {"", ""}}) {
    CAPTURE(row.text);
    CHECK_EQ(expand(row.text, environment), row.value);
  }
}

TEST_CASE("an environment is made of sources, then of its own, then of Services") {
  World world;
  CHECK_EQ(world.of(R"({"name": "c"})"), "KUBERNETES_SERVICE_HOST=10.96.0.1|A=weak");
  CHECK_EQ(world.of(R"j({"envFrom": [{"configMapRef": {"name": "cm"}}, {"secretRef": {"name": "s"}}],
                         "env": [{"name": "Z", "value": "$(key)/$(KUBERNETES_SERVICE_HOST)"},
                                 {"name": "A", "value": "$(A)+"}, {"name": "E"}]})j"),
           "9=nine|A=x+|b.c=2|key=secret|Z=secret/10.96.0.1|E=|KUBERNETES_SERVICE_HOST=10.96.0.1");
  CHECK_EQ(world.of(R"({"envFrom": [{"prefix": "P_", "configMapRef": {"name": "cm"}}]})"),
           "P_9=nine|P_A=1|P_b.c=2|KUBERNETES_SERVICE_HOST=10.96.0.1|A=weak");
}

TEST_CASE("a variable comes from a key, a field or a resource") {
  World world;
  world.facts.services = {};
  CHECK_EQ(world.of(R"({"resources": {"limits": {"cpu": "2"}}, "env": [
      {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "b.c"}}},
      {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "key"}}},
      {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
      {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
      {"name": "E", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
      {"name": "F", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "no", "optional": true}}},
      {"name": "G", "valueFrom": {"secretKeyRef": {"name": "no", "key": "no", "optional": true}}}]})"),
           "A=2|B=secret|C=n1|D=10.0.0.9|E=2");
}

TEST_CASE("what is missing is told in the kubelet's words") {
  World world;
  struct Row {
    std::string_view container, error;
  };
  for (const Row& row : std::initializer_list<Row>{
           {R"({"envFrom": [{"configMapRef": {"name": "no"}}]})", "configmap \"no\" not found"},
           {R"({"envFrom": [{"secretRef": {"name": "no"}}]})", "secret \"no\" not found"},
           {R"({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "k"}}}]})",
            "couldn't find key k in ConfigMap ns/cm"},
           {R"({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]})",
            "couldn't find key k in Secret ns/s"},
           {R"({"env": [{"name": "A", "valueFrom": {"fileKeyRef": {"key": "k"}}}]})",
            "variables from files of a volume (fileKeyRef) are not supported by this node"}}) {
    CHECK_EQ(world.of(row.container), text("error: {}", row.error));
  }
  world.facts.services = {};
  CHECK_EQ(world.of(R"({"envFrom": [{"configMapRef": {"name": "no", "optional": true}}]})"), "");
}

TEST_CASE("names that no environment can have are skipped, and said") {
  World world;
  const json::Tree container = parsed(R"({"envFrom": [{"prefix": "a=", "configMapRef": {"name": "cm"}}]})");
  const auto resolved = resolve_environment(world.pod.root(), container.root(), world.facts);
  REQUIRE(resolved.has_value());
  CHECK(resolved->variables.find("a=A") == nullptr);
  REQUIRE(resolved->skipped.size() == 1);
  CHECK_EQ(resolved->skipped[0],
           "Keys [a=9, a=A, a=b.c] from the EnvFrom configMap ns/cm were skipped since they are considered "
           "invalid environment variable names.");
}

TEST_CASE("the sources of an environment are known before it is resolved") {
  const json::Tree container = parsed(R"({
    "envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "b"}}],
    "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "k"}}},
            {"name": "Y", "valueFrom": {"secretKeyRef": {"name": "c", "key": "k"}}}, {"name": "Z"}]})");
  const auto sources = environment_sources(container.root());
  CHECK(sources == std::vector<SourceName>{{false, "a"}, {true, "b"}, {true, "c"}});
}

}  // namespace
}  // namespace podo::pod
