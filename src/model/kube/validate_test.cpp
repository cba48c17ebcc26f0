#include "model/kube/validate.h"

#include <doctest/doctest.h>

#include "base/core/clock.h"
#include "base/core/text.h"
#include "model/kube/defaults.h"
#include "model/kube/schema.h"
#include "model/schema/convert.h"

namespace podo::kube {
namespace {

class Checker {
 public:
  Checker(std::string_view api_version, std::string_view kind)
      : schema_(parse_schema()), resource_(*schema_.find_kind(api_version, kind)) {}

  json::Tree made(std::string text) const {
    auto tree = json::Tree::parse(std::move(text));
    REQUIRE(tree);
    REQUIRE(schema::shape(tree->root(), *resource_.type));
    apply_defaults(tree->root(), *resource_.type, {0});
    json::Item& metadata = tree->root().member("metadata");
    if (!metadata.find("name")) metadata.member("name").set_string("x");
    if (resource_.namespaced && !metadata.find("namespace")) metadata.member("namespace").set_string("ns");
    return std::move(*tree);
  }
  std::string create(std::string text) const {
    return told(validate(made(std::move(text)).root(), resource_));
  }
  std::string update(std::string now, std::string old, std::string_view subresource = "") const {
    return told(
        validate_update(made(std::move(now)).root(), made(std::move(old)).root(), resource_, subresource));
  }

 private:
  static std::string told(const Errors& errors) {
    std::string out;
    for (const FieldError& error : errors.list()) out += (out.empty() ? "" : "\n") + error.text();
    return out;
  }
  schema::Schema schema_;
  const schema::Resource& resource_;
};

std::string pod_of(std::string container, std::string more = "") {
  return R"({"spec":{"containers":[)" + container + "]" + more + "}}";
}

}  // namespace

TEST_CASE("errors are told as a Status tells them") {
  Errors errors;
  errors.required(FieldPath("spec") / "x");
  CHECK_EQ(errors.message("Deployment", "apps", "web"),
           "Deployment.apps \"web\" is invalid: spec.x: Required value");
  errors.invalid(FieldPath("a")[1].key("k"), 5, "must be less");
  errors.invalid(FieldPath("a")[1].key("k"), 5, "must be less");
  errors.duplicate(FieldPath("b"), "v");
  errors.too_long(FieldPath("c"), 7);
  errors.too_many(FieldPath("d"), 9, 8);
  CHECK_EQ(errors.message("Pod", "", "p"),
           "Pod \"p\" is invalid: [spec.x: Required value, a[1][k]: Invalid value: 5: must be less, b: "
           "Duplicate value: "
           "\"v\", c: Too long: may not be more than 7 bytes, d: Too many: 9: must have at most 8 items]");
  CHECK_EQ(name_of(errors.list()[1].reason), "FieldValueInvalid");
}

TEST_CASE("sysctls, users and hosts of pods") {
  const Checker pods("v1", "Pod");
  const auto with = [&](std::string more) {
    return pods.create(pod_of(R"({"name":"c","image":"i"})", more));
  };
  CHECK_EQ(with(R"(,"securityContext":{"sysctls":[{"name":"kernel.shm_rmid_forced","value":"1"},
                 {"name":"net/ipv4/ip-x.a_b","value":"1"}]})"),
           "");
  CHECK(
      with(R"(,"securityContext":{"sysctls":[{"name":"foo-","value":"1"}]})")
          .starts_with("spec.securityContext.sysctls[0].name: Invalid value: \"foo-\": must have at most 253 "
                       "characters and match regex ([a-z0-9]"));
  CHECK(with(R"(,"securityContext":{"sysctls":[{"name":"bar..","value":"1"}]})").contains("\"bar..\""));
  CHECK_EQ(with(R"(,"securityContext":{"sysctls":[{"name":"","value":"1"}]})"),
           "spec.securityContext.sysctls[0].name: Required value");
  CHECK_EQ(with(R"(,"securityContext":{"runAsUser":-1,"supplementalGroups":[5,-2]})"),
           "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive\n"
           "spec.securityContext.supplementalGroups[1]: Invalid value: -2: must be between 0 and 2147483647, "
           "inclusive");
  CHECK_EQ(with(R"(,"hostAliases":[{"ip":"1.2.3.4","hostnames":["a.b"]},{"ip":"x"}])"),
           "spec.hostAliases[1].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or "
           "2001:db8::ffff)");
  CHECK(pods.create(pod_of(R"({"name":"c","image":"i","securityContext":{"privileged":true,
                            "allowPrivilegeEscalation":false}})"))
            .ends_with("cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
}

TEST_CASE("names, namespaces and labels") {
  const Checker config("v1", "ConfigMap");
  CHECK_EQ(config.create("{}"), "");
  CHECK(config.create(R"({"metadata":{"name":"A_b"}})")
            .starts_with("metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consist "
                         "of lower case"));
  CHECK_EQ(config.create(R"({"metadata":{"name":"a.b","generateName":"a-"}})"), "");
  CHECK(config.create(R"({"metadata":{"labels":{"-a":"b"}}})")
            .starts_with("metadata.labels: Invalid value: \"-a\": name part must consist of alphanumeric "
                         "characters, '-', '_' or '.'"));
  CHECK(config.create(R"({"metadata":{"labels":{"a":"b c"}}})")
            .starts_with("metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or "
                         "consist of"));
  CHECK_EQ(config.create(R"({"metadata":{"annotations":{"Big.Example/Key":"any thing"}}})"), "");
  CHECK_EQ(config.create(R"({"metadata":{"annotations":{"a":")" + std::string(262'144, 'x') + "\"}}}"),
           "metadata.annotations: Too long: may not be more than 262144 bytes");
  CHECK_EQ(Checker("v1", "Namespace").create(R"({"metadata":{"namespace":"n"}})"),
           "metadata.namespace: Forbidden: not allowed on this type");
  CHECK_EQ(Checker("v1", "Namespace").create(R"({"metadata":{"name":"a.b"}})"),
           "metadata.name: Invalid value: \"a.b\": must not contain dots");
  CHECK_EQ(
      Checker("rbac.authorization.k8s.io/v1", "ClusterRole").create(R"({"metadata":{"name":"system:x"}})"),
      "");
  CHECK_EQ(Checker("rbac.authorization.k8s.io/v1", "ClusterRole").create(R"({"metadata":{"name":"a/b"}})"),
           "metadata.name: Invalid value: \"a/b\": may not contain '/'");
  CHECK_EQ(
      config.create(R"({"metadata":{"name":")" + std::string(254, 'a') + "\"}}"),
      "metadata.name: Invalid value: \"" + std::string(254, 'a') + "\": must be no more than 253 characters");
}

TEST_CASE("owners and finalizers") {
  const Checker config("v1", "ConfigMap");
  CHECK_EQ(config.create(
               R"({"metadata":{"ownerReferences":[{"apiVersion":"","kind":"A","name":"n","uid":"u"}]}})"),
           "metadata.ownerReferences[0].apiVersion: Invalid value: \"\": version must not be empty");
  CHECK_EQ(config.create(R"({"metadata":{"finalizers":["orphan","foregroundDeletion"]}})"),
           "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizers orphan and "
           "foregroundDeletion cannot be both set");
  CHECK_EQ(
      config.update(R"({"metadata":{"deletionTimestamp":"2024-01-01T00:00:00Z","finalizers":["a/b","c/d"]}})",
                    R"({"metadata":{"deletionTimestamp":"2024-01-01T00:00:00Z","finalizers":["a/b"]}})"),
      "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found "
      "new "
      "finalizers []string{\"c/d\"}");
  CHECK_EQ(config.update(R"({"metadata":{"uid":"b"}})", R"({"metadata":{"uid":"a"}})"),
           "metadata.uid: Invalid value: \"b\": field is immutable");
}

TEST_CASE("pods: containers and their parts") {
  const Checker pods("v1", "Pod");
  CHECK_EQ(pods.create(pod_of(R"({"name":"a","image":"i"})")), "");
  CHECK_EQ(pods.create(R"({"spec":{}})"), "spec.containers: Required value");
  CHECK_EQ(pods.create(pod_of("{}")),
           "spec.containers[0].name: Required value\nspec.containers[0].image: Required value");
  CHECK_EQ(pods.create(pod_of(R"({"name":"a","image":"i"},{"name":"a","image":" i"})")),
           "spec.containers[1].name: Duplicate value: \"a\"\nspec.containers[1].image: Invalid value: \" "
           "i\": must not "
           "have leading or trailing whitespace");
  CHECK_EQ(
      pods.create(pod_of(R"({"name":"a","image":"i","imagePullPolicy":"Sometimes"})")),
      "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", "
      "\"IfNotPresent\", \"Never\"");
  CHECK_EQ(pods.create(pod_of(R"({"name":"a","image":"i"})", R"(,"restartPolicy":"Often")")),
           "spec.restartPolicy: Unsupported value: \"Often\": supported values: \"Always\", \"Never\", "
           "\"OnFailure\"");
  CHECK_EQ(
      pods.create(
          pod_of(R"({"name":"a","image":"i","ports":[{"containerPort":0},{"containerPort":70000}]})")),
      "spec.containers[0].ports[0].containerPort: Required value\nspec.containers[0].ports[1].containerPort: "
      "Invalid value: 70000: must be between 1 and 65535, inclusive");
  CHECK_EQ(
      pods.create(pod_of(R"({"name":"a","image":"i","env":[{"name":"A=B"},{"name":"C","valueFrom":{}}]})")),
      "spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable name must "
      "consist only "
      "of printable ASCII characters other than '='\nspec.containers[0].env[1].valueFrom: Invalid value: "
      "\"\": must "
      "specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  CHECK_EQ(pods.create(pod_of(R"({"name":"a","image":"i","volumeMounts":[{"name":"v","mountPath":"/d"}]})")),
           "spec.containers[0].volumeMounts[0].name: Not found: \"v\"");
  CHECK_EQ(pods.create(pod_of(R"({"name":"a","image":"i","livenessProbe":{"successThreshold":2}})")),
           "spec.containers[0].livenessProbe: Required value: must specify a handler type\n"
           "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1");
  CHECK_EQ(pods.create(
               pod_of(R"({"name":"a","image":"i"})", R"(,"volumes":[{"name":"v","emptyDir":{},"nfs":{}}])")),
           "spec.volumes[0].nfs: Forbidden: may not specify more than 1 volume type");
  CHECK_EQ(pods.create(
               R"({"spec":{"containers":[{"name":"a","image":"i"}],"initContainers":[{"name":"b","image":"i",
      "lifecycle":{}}]}})"),
           "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without "
           "restartPolicy=Always");
}

TEST_CASE("pods: resources") {
  const Checker pods("v1", "Pod");
  const auto with = [&](std::string resources) {
    return pods.create(pod_of(R"({"name":"a","image":"i","resources":)" + resources + "}"));
  };
  CHECK_EQ(with(R"({"limits":{"cpu":"1"},"requests":{"cpu":"2"}})"),
           "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu "
           "limit of 1");
  CHECK_EQ(with(R"({"limits":{"a.b/c":"2"},"requests":{"a.b/c":"1"}})"),
           "spec.containers[0].resources.requests: Invalid value: \"1\": must be equal to a.b/c limit of 2");
  CHECK_EQ(with(R"({"requests":{"a.b/c":"1"}})"),
           "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable "
           "resources");
  CHECK_EQ(with(R"({"limits":{"hugepages-2Mi":"2Mi"}})"),
           "spec.containers[0].resources: Forbidden: HugePages require cpu or memory");
  CHECK_EQ(
      with(R"({"limits":{"cpu":"-1"}})"),
      "spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0\n"
      "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to "
      "0");
}

TEST_CASE("pods: few things may change") {
  const Checker pods("v1", "Pod");
  const std::string pod = pod_of(R"({"name":"a","image":"i"})");
  CHECK_EQ(pods.update(pod_of(R"({"name":"a","image":"j","imagePullPolicy":"Always"})"), pod), "");
  CHECK(pods.update(pod_of(R"({"name":"a","image":"i","tty":true})"), pod)
            .starts_with(
                "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"));
  CHECK_EQ(pods.update(pod_of(R"({"name":"a","image":"i"},{"name":"b","image":"i"})"), pod),
           "spec.containers: Forbidden: pod updates may not add or remove containers");
  CHECK_EQ(pods.update(pod_of(R"({"name":"a","image":"i"})", R"(,"schedulingGates":[{"name":"g"}])"), pod),
           "spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'g'");
  CHECK_EQ(
      pods.update(
          pod_of(R"({"name":"a","image":"i"})", R"(,"tolerations":[{"key":"k","operator":"Exists"}])"), pod),
      "");
  CHECK(pods.update(pod_of(R"({"name":"a","image":"i","tty":true})", R"(,"hostname":"h")"), pod)
            .ends_with("previously negative)\n+ containers[0].tty: true\n+ hostname: \"h\""));
  const auto deadline = [](int seconds) {
    return pod_of(R"({"name":"a","image":"i"})", text(R"(,"activeDeadlineSeconds":{})", seconds));
  };
  CHECK_EQ(pods.update(deadline(5), pod), "");
  CHECK_EQ(pods.update(deadline(6), deadline(5)),
           "spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value");
  const std::string_view gates = R"(,"schedulingGates":[{"name":"g"}],"nodeSelector":{"a":"b"})";
  const std::string gated = pod_of(R"({"name":"a","image":"i"})", std::string(gates));
  CHECK_EQ(pods.update(pod_of(R"({"name":"a","image":"i"})", R"(,"nodeSelector":{"a":"b","c":"d"})"), gated),
           "");
  CHECK(pods.update(pod_of(R"({"name":"a","image":"i"})", R"(,"nodeSelector":{"a":"z"})"), gated)
            .contains("only additions to spec.nodeSelector are allowed (no mutations or deletions)"));
}

TEST_CASE("pods: what their subresources may change") {
  const Checker pods("v1", "Pod");
  const auto with = [](std::string_view container) {
    return pod_of(R"({"name":"a","image":"i"})", text(R"(,"ephemeralContainers":[{}])", container));
  };
  const std::string none = pod_of(R"({"name":"a","image":"i"})");
  const std::string one = with(R"({"name":"d","image":"i","targetContainerName":"a"})");
  CHECK_EQ(pods.update(one, none, "ephemeralcontainers"), "");
  CHECK_EQ(
      pods.update(with(R"({"name":"a","image":"i","targetContainerName":"x","ports":[{"containerPort":1}]})"),
                  none, "ephemeralcontainers"),
      "spec.ephemeralContainers[0].name: Duplicate value: \"a\"\n"
      "spec.ephemeralContainers[0].targetContainerName: Not found: \"x\"\n"
      "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container");
  CHECK_EQ(pods.update(none, one, "ephemeralcontainers"),
           "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be removed\n");

  const auto sized = [](std::string_view resources) {
    return pod_of(text(R"({{"name":"a","image":"i","resources":{}}})", resources));
  };
  const std::string small = sized(R"({"requests":{"cpu":"1","ephemeral-storage":"1Gi"}})");
  CHECK_EQ(pods.update(sized(R"({"requests":{"cpu":"2","ephemeral-storage":"1Gi"}})"), small, "resize"), "");
  CHECK_EQ(pods.update(sized(R"({"requests":{"ephemeral-storage":"2Gi"}})"), small, "resize"),
           "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed\n"
           "spec.containers[0].resources.requests: Forbidden: only cpu and memory resources are mutable");

  const auto state = [](std::string_view is) {
    return text(R"({{"spec":{{"restartPolicy":"Never","containers":[{{"name":"a","image":"i"}}]}},)"
                R"("status":{{"containerStatuses":[{{"name":"a","state":{{"{}":{{}}}}}}]}}}})",
                is);
  };
  CHECK_EQ(pods.update(state("terminated"), state("running"), "status"), "");
  CHECK_EQ(pods.update(state("running"), state("terminated"), "status"),
           "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state");
}

TEST_CASE("workloads") {
  const Checker deployments("apps/v1", "Deployment");
  const std::string pod = R"("spec":{"containers":[{"name":"a","image":"i"}]})";
  const auto with = [&](std::string more, std::string labels = R"({"a":"b"})") {
    return R"({"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":)" + labels +
           "}," + pod + "}" + more + "}}";
  };
  CHECK_EQ(deployments.create(with("")), "");
  CHECK_EQ(deployments.create(with("", R"({"a":"c"})")),
           "spec.template.metadata.labels: Invalid value: {\"a\":\"c\"}: `selector` does not match template "
           "`labels`");
  CHECK_EQ(deployments.create(R"({"spec":{"template":{)" + pod + "}}}"), "spec.selector: Required value");
  CHECK_EQ(deployments.create(R"({"spec":{"selector":{},"template":{)" + pod + "}}}"),
           "spec.selector: Invalid value: {}: empty selector is invalid for deployment");
  CHECK_EQ(deployments.create(with(R"(,"replicas":-1)")),
           "spec.replicas: Invalid value: -1: must be greater than or equal to 0");
  CHECK_EQ(deployments.create(with(R"(,"strategy":{"type":"Recreate","rollingUpdate":{}})")),
           "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'");
  CHECK_EQ(
      deployments.create(with(R"(,"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":"0%"}})")),
      "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0");
  CHECK_EQ(deployments.create(with(R"(,"minReadySeconds":600)")),
           "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds");
  CHECK_EQ(deployments.create(
               R"({"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
      "spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]}}}})"),
           "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"");
  CHECK_EQ(
      deployments.update(
          R"({"spec":{"selector":{"matchLabels":{"a":"c"}},"template":{"metadata":{"labels":{"a":"c"}},)" +
              pod + "}}}",
          with("")),
      "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"c\"}}: field is immutable");
  CHECK(Checker("apps/v1", "StatefulSet")
            .update(with(R"(,"serviceName":"x")"), with(""))
            .starts_with("spec: Forbidden: updates to statefulset spec for fields other than 'replicas', "
                         "'ordinals', 'template',"));
  CHECK_EQ(Checker("apps/v1", "StatefulSet").update(with(R"(,"replicas":5)"), with("")), "");
}

TEST_CASE("jobs and schedules") {
  const std::string pod =
      R"("template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]}})";
  const Checker jobs("batch/v1", "Job");
  CHECK_EQ(jobs.create("{\"spec\":{" + pod + "}}"), "");
  CHECK_EQ(jobs.create(R"({"spec":{"template":{"spec":{"containers":[{"name":"a","image":"i"}]}}}})"),
           "spec.template.spec.restartPolicy: Unsupported value: \"Always\": supported values: "
           "\"OnFailure\", \"Never\"");
  CHECK_EQ(jobs.create(R"({"spec":{"parallelism":2,"completionMode":"Indexed",)" + pod + "}}"),
           "spec.completions: Required value: when completion mode is Indexed");
  CHECK_EQ(
      jobs.update(R"({"spec":{"completions":3,)" + pod + "}}", R"({"spec":{"completions":2,)" + pod + "}}"),
      "spec.completions: Invalid value: 3: field is immutable");
  const Checker crons("batch/v1", "CronJob");
  const auto cron = [&](std::string schedule) {
    return crons.create(R"({"spec":{"schedule":")" + schedule + R"(","jobTemplate":{"spec":{)" + pod +
                        "}}}}");
  };
  CHECK_EQ(cron("*/5 1-3,7 * JAN sun"), "");
  CHECK_EQ(cron("@daily"), "");
  CHECK_EQ(cron(""), "spec.schedule: Required value");
  CHECK(cron("* * *").starts_with("spec.schedule: Invalid value: \"* * *\": expected exactly 5 fields"));
  CHECK_EQ(cron("TZ=UTC * * * * *"),
           "spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in "
           "schedule, use timeZone field instead");
}

TEST_CASE("services") {
  const Checker services("v1", "Service");
  const auto with = [&](std::string spec) { return services.create(R"({"spec":)" + spec + "}"); };
  CHECK_EQ(with(R"({"ports":[{"port":80}]})"), "");
  CHECK_EQ(with("{}"), "spec.ports: Required value");
  CHECK_EQ(with(R"({"clusterIP":"None"})"), "");
  CHECK_EQ(with(R"({"ports":[{"port":80},{"port":81}]})"),
           "spec.ports[0].name: Required value\nspec.ports[1].name: Required value");
  CHECK_EQ(with(R"({"ports":[{"port":80,"nodePort":30000}]})"),
           "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'");
  CHECK_EQ(with(R"({"ports":[{"name":"a","port":80},{"name":"a","port":80}]})"),
           "spec.ports[1].name: Duplicate value: \"a\"\n"
           "spec.ports[1]: Duplicate value: {\"protocol\":\"TCP\",\"port\":80}");
  CHECK_EQ(with(R"({"type":"ExternalName"})"), "spec.externalName: Required value");
  CHECK_EQ(with(R"({"ports":[{"port":80}],"loadBalancerClass":"a/b"})"),
           "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'");
  CHECK_EQ(
      services.update(R"({"spec":{"clusterIP":"10.0.0.2","clusterIPs":["10.0.0.2"],"ports":[{"port":80}]}})",
                      R"({"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80}]}})"),
      "spec.clusterIPs[0]: Invalid value: \"10.0.0.2\": may not change once set");
}

TEST_CASE("ingresses and network policies") {
  const Checker ingresses("networking.k8s.io/v1", "Ingress");
  const auto path = [&](std::string more) {
    return ingresses.create(R"({"spec":{"rules":[{"host":"a.b","http":{"paths":[{)" + more +
                            R"("backend":{"service":{"name":"s","port":{"number":80}}}}]}}]}})");
  };
  CHECK_EQ(path(R"("path":"/","pathType":"Prefix",)"), "");
  CHECK_EQ(path(R"("path":"/",)"),
           "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified");
  CHECK_EQ(path(R"("path":"a//b","pathType":"Exact",)"),
           "spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must be an absolute path\n"
           "spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must not contain '//'");
  CHECK_EQ(ingresses.create(R"({"spec":{"rules":[{"host":"1.2.3.4"}]}})"),
           "spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address");
  CHECK_EQ(ingresses.create("{}"),
           "spec: Invalid value: {}: either `defaultBackend` or `rules` must be specified");
  const Checker policies("networking.k8s.io/v1", "NetworkPolicy");
  CHECK_EQ(policies.create(R"({"spec":{"ingress":[{"from":[{}],"ports":[{"port":80,"endPort":79}]}]}})"),
           "spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`\n"
           "spec.ingress[0].from[0]: Required value: must specify a peer");
}

TEST_CASE("configuration") {
  const Checker config("v1", "ConfigMap"), secrets("v1", "Secret");
  CHECK(config.create(R"({"data":{"a b":""}})")
            .starts_with("data[a b]: Invalid value: \"a b\": a valid config key must"));
  CHECK_EQ(config.create(R"({"data":{"..":""}})"), "data[..]: Invalid value: \"..\": must not be '..'");
  CHECK_EQ(config.create(R"({"data":{"a":""},"binaryData":{"a":""}})"),
           "data[a]: Invalid value: \"a\": duplicate of key present in binaryData");
  CHECK_EQ(config.update(R"({"immutable":true,"data":{"a":"2"}})", R"({"immutable":true,"data":{"a":"1"}})"),
           "data: Forbidden: field is immutable when `immutable` is set");
  CHECK_EQ(secrets.create(R"({"type":"kubernetes.io/tls","data":{"tls.key":""}})"),
           "data[tls.crt]: Required value");
  CHECK_EQ(secrets.update(R"({"type":"a"})", R"({"type":"b"})"),
           "type: Invalid value: \"a\": field is immutable");
  CHECK_EQ(secrets.create(R"({"data":{"a":")" + std::string(1'398'104, 'A') + "\"}}"),
           "data: Too long: may not be more than 1048576 bytes");
}

TEST_CASE("storage") {
  const Checker claims("v1", "PersistentVolumeClaim");
  const auto claim = [](std::string size, std::string more = "") {
    return R"({"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":")" + size +
           "\"}}" + more + "}}";
  };
  CHECK_EQ(claims.create(claim("1Gi")), "");
  CHECK_EQ(claims.create("{}"),
           "spec.accessModes: Required value: at least 1 access mode is required\n"
           "spec.resources[storage]: Required value");
  CHECK_EQ(claims.create(claim("0")),
           "spec.resources[storage]: Invalid value: \"0\": must be greater than zero");
  CHECK_EQ(claims.update(claim("2Gi"), claim("1Gi")), "");
  CHECK_EQ(claims.update(claim("1Gi"), claim("2Gi")),
           "spec.resources.requests.storage: Forbidden: field can not be less than previous value");
  const std::string of_x = claim("1Gi", R"(,"storageClassName":"x")");
  CHECK_EQ(claims.update(of_x, claim("1Gi")), "");  // a default class that came later
  CHECK_EQ(claims.update(claim("1Gi", R"(,"storageClassName":"y")"), of_x),
           "spec: Forbidden: spec is immutable after creation except resources.requests and "
           "volumeAttributesClassName for "
           "bound claims");
  CHECK_EQ(Checker("v1", "PersistentVolume")
               .create(R"({"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1"}}})"),
           "spec: Required value: must specify a volume type");
  CHECK_EQ(
      Checker("storage.k8s.io/v1", "StorageClass").update(R"({"provisioner":"a"})", R"({"provisioner":"b"})"),
      "provisioner: Forbidden: updates to provisioner are forbidden.");
}

TEST_CASE("access and the rest") {
  const std::string group = "rbac.authorization.k8s.io/v1";
  CHECK_EQ(Checker(group, "Role").create(R"({"rules":[{}]})"),
           "rules[0].verbs: Required value: verbs must contain at least one value\n"
           "rules[0].apiGroups: Required value: resource rules must supply at least one api group\n"
           "rules[0].resources: Required value: resource rules must supply at least one resource");
  CHECK_EQ(Checker(group, "Role").create(R"({"rules":[{"verbs":["get"],"nonResourceURLs":["/x"]}]})"),
           "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource "
           "URLs");
  const Checker bindings(group, "RoleBinding");
  const auto binding = [](std::string role, std::string subject) {
    return R"({"roleRef":{"kind":"Role","name":")" + role + R"("},"subjects":[)" + subject + "]}";
  };
  CHECK_EQ(bindings.create(binding("r", R"({"kind":"User","name":"u"})")), "");
  CHECK_EQ(bindings.create(binding("r", R"({"kind":"Robot","name":"u"})")),
           "subjects[0].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", "
           "\"Group\"");
  CHECK_EQ(bindings.update(binding("a", ""), binding("b", "")),
           "roleRef: Invalid value: "
           "{\"kind\":\"Role\",\"name\":\"a\",\"apiGroup\":\"rbac.authorization.k8s.io\"}: cannot "
           "change roleRef");
  CHECK_EQ(Checker("scheduling.k8s.io/v1", "PriorityClass").create(R"({"value":2000000000})"),
           "value: Forbidden: maximum allowed value of a user defined priority is 1000000000");
  CHECK_EQ(Checker("coordination.k8s.io/v1", "Lease").create(R"({"spec":{"leaseDurationSeconds":0}})"),
           "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0");
  CHECK_EQ(
      Checker("policy/v1", "PodDisruptionBudget").create(R"({"spec":{"minAvailable":1,"maxUnavailable":1}})"),
      "spec: Invalid value: {\"minAvailable\":1,\"maxUnavailable\":1}: minAvailable and maxUnavailable "
      "cannot be both "
      "set");
  CHECK_EQ(
      Checker("autoscaling/v2", "HorizontalPodAutoscaler")
          .create(R"({"spec":{"scaleTargetRef":{"kind":"D","name":"d"},"minReplicas":3,"maxReplicas":2}})"),
      "spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`");
  CHECK(
      Checker("v1", "Node")
          .create(
              R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"},{"key":"a","effect":"NoSchedule"}]}})")
          .starts_with("spec.taints[1]: Duplicate value: {"));
}

}  // namespace podo::kube
