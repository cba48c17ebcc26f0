#include "cluster/admission/pod_security.h"

#include "cluster/admission/admission_testing.h"

namespace podo::admission {
namespace {

std::string judged(std::string_view container, std::string_view more = "",
                   Standard standard = {Level::baseline}, std::string_view metadata = "{}") {
  const auto pod = json::Tree::parse(
      text(R"({{"metadata":{},"spec":{{"containers":[{}]{}}}}})", metadata, container, more));
  REQUIRE(pod);
  return judge(pod->root().find("metadata"), *pod->root().find("spec"), standard).text();
}

constexpr std::string_view hardened = R"({"name":"c","securityContext":{"allowPrivilegeEscalation":false,
    "runAsNonRoot":true,"capabilities":{"drop":["ALL"]},"seccompProfile":{"type":"RuntimeDefault"}}})";

std::string with_security(std::string_view context, std::string_view name = "c") {
  return text(R"({{"name":"{}","securityContext":{}}})", name, context);
}

Task<void> labels(World& world) {
  co_await world.put("v1", "Namespace", R"({"metadata":{"name":"ns","labels":{
      "pod-security.kubernetes.io/enforce":"baseline","pod-security.kubernetes.io/enforce-version":"v1.30",
      "pod-security.kubernetes.io/warn":"restricted"}}})");
  Outcome pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"hostNetwork":true)")));
  CHECK_EQ(pod.refused,
           "pods \"x\" is forbidden: violates PodSecurity \"baseline:v1.30\": host namespaces "
           "(hostNetwork=true)");
  CHECK(pod.warnings.empty());
  pod = co_await world.submit(new_pod(pod_with(plain_container)));
  CHECK_EQ(pod.refused, "");
  const std::string would =
      "would violate PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"c\" "
      "must "
      "set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"c\" must "
      "set "
      "securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"c\" must set "
      "securityContext.runAsNonRoot=true), seccompProfile (pod or container \"c\" must set "
      "securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";
  REQUIRE_EQ(pod.warnings.size(), 1);
  CHECK_EQ(pod.warnings[0], would);
  const Outcome deployment = co_await world.submit(
      {.api_version = "apps/v1",
       .kind = "Deployment",
       .json = R"({"spec":{"template":{"spec":{"hostNetwork":true,"containers":[{"name":"c"}]}}}})"});
  CHECK_EQ(deployment.refused, "");
  REQUIRE_EQ(deployment.warnings.size(), 1);
  CHECK(deployment.warnings[0].starts_with(
      "would violate PodSecurity \"restricted:latest\": host namespaces (hostNetwork=true), allowPriv"));
  // Who only gives a pod labels is not asked about its containers.
  const std::string bad = pod_with(plain_container, R"(,"hostNetwork":true)");
  Ask relabel = new_pod(pod_with(plain_container, R"(,"hostNetwork":true)", R"(,"labels":{"a":"b"})"));
  relabel.old = bad;
  CHECK_EQ((co_await world.submit(relabel)).refused, "");
}

Task<void> tightening(World& world) {
  co_await world.put("v1", "Pod", pod_with(plain_container));
  Ask ask{.api_version = "v1", .kind = "Namespace", .name = "ns"};
  ask.old = R"({"metadata":{"name":"ns"}})";
  ask.json = R"({"metadata":{"name":"ns","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}})";
  Outcome outcome = co_await world.submit(ask);
  CHECK_EQ(outcome.refused, "");
  REQUIRE_EQ(outcome.warnings.size(), 2);
  CHECK_EQ(
      outcome.warnings[0],
      "existing pods in namespace \"ns\" violate the new PodSecurity enforce level \"restricted:latest\"");
  CHECK_EQ(outcome.warnings[1],
           "x: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, "
           "seccompProfile");
  ask.json = R"({"metadata":{"name":"ns","labels":{"pod-security.kubernetes.io/enforce":"strict",
                 "pod-security.kubernetes.io/warn-version":"1.2"}}})";
  outcome = co_await world.submit(ask);
  CHECK_EQ(
      outcome.refused,
      "Namespace \"ns\" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "
      "\"strict\": must be one of privileged, baseline, restricted, "
      "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1.2\": must be \"latest\" "
      "or \"v1.x\"]");
}

}  // namespace

TEST_CASE("the baseline forbids known ways up to the node") {
  CHECK_EQ(judged(R"({"name":"c"})"), "");
  CHECK_EQ(judged(with_security(R"({"privileged":true,"capabilities":{"add":["SYS_ADMIN","KILL","BPF"]}})")),
           "non-default capabilities (container \"c\" must not include \"BPF\", \"SYS_ADMIN\" in "
           "securityContext.capabilities.add), privileged (container \"c\" must not set "
           "securityContext.privileged=true)");
  CHECK_EQ(judged(R"({"name":"c"})", R"(,"hostPID":true,"hostIPC":true,
              "volumes":[{"name":"a","hostPath":{}},{"name":"b","hostPath":{}},{"name":"c","emptyDir":{}}])"),
           "host namespaces (hostPID=true, hostIPC=true), hostPath volumes (volumes \"a\", \"b\")");
  CHECK_EQ(
      judged(
          R"({"name":"a","ports":[{"hostPort":80},{"hostPort":9}]},{"name":"b","ports":[{"hostPort":80}]})"),
      "hostPort (containers \"a\", \"b\" use hostPorts 80, 9)");
  CHECK_EQ(judged(R"({"name":"a","ports":[{"hostPort":80}]})"),
           "hostPort (container \"a\" uses hostPort 80)");
  CHECK_EQ(judged(with_security(R"({"procMount":"Unmasked"})")),
           "procMount (container \"c\" must not set securityContext.procMount to \"Unmasked\")");
  CHECK_EQ(judged(with_security(R"({"procMount":"Unmasked"})"), R"(,"hostUsers":false)"), "");
  CHECK_EQ(
      judged(with_security(R"({"seLinuxOptions":{"type":"spc_t","user":"u"}})"),
             R"(,"securityContext":{"seLinuxOptions":{"role":"r"}})"),
      "seLinuxOptions (pod and container \"c\" set forbidden securityContext.seLinuxOptions: type \"spc_t\"; "
      "user may not be set; role may not be set)");
  CHECK_EQ(
      judged(R"({"name":"c"})", R"(,"securityContext":{"sysctls":[{"name":"a"},{"name":"net.ipv4.tcp_rmem"}],
              "windowsOptions":{"hostProcess":true},"seccompProfile":{"type":"Unconfined"}})"),
      "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\"), forbidden "
      "sysctls (a), hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)");
  CHECK_EQ(
      judged(with_security(R"({"appArmorProfile":{"type":"Unconfined"}})"), "", {Level::baseline},
             R"({"annotations":{"container.apparmor.security.beta.kubernetes.io/c":"unconfined"}})"),
      "forbidden AppArmor profiles (container \"c\" and annotation must not set AppArmor profile type to "
      "\"Unconfined\", \"container.apparmor.security.beta.kubernetes.io/c=\"unconfined\"\")");
  CHECK_EQ(judged(R"({"name":"a","livenessProbe":{"httpGet":{"host":"h"}},
                      "lifecycle":{"preStop":{"tcpSocket":{"host":"g"}}}})"),
           "probe or lifecycle host (container \"a\" uses probe or lifecycle hosts \"g\", \"h\")");
}

TEST_CASE("checks count from the version that brought them") {
  const std::string_view sysctl = R"(,"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_rmem"}]})";
  CHECK_EQ(judged(R"({"name":"c"})", sysctl, {Level::baseline, 31}), "forbidden sysctls (net.ipv4.tcp_rmem)");
  CHECK_EQ(judged(R"({"name":"c"})", sysctl, {Level::baseline, 32}), "");
  const std::string_view probe = R"({"name":"a","livenessProbe":{"httpGet":{"host":"h"}}})";
  CHECK_EQ(judged(probe, "", {Level::baseline, 33}), "");
  CHECK_NE(judged(probe, "", {Level::baseline, 34}), "");
  const std::string_view annotation =
      R"({"annotations":{"seccomp.security.alpha.kubernetes.io/pod":"unconfined"}})";
  CHECK_EQ(judged(R"({"name":"c"})", "", {Level::baseline, 18}, annotation),
           "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")");
  CHECK_EQ(judged(R"({"name":"c"})", "", {Level::baseline}, annotation), "");
  CHECK_EQ(judged(hardened, R"(,"securityContext":{"runAsUser":0})", {Level::restricted, 22}), "");
  CHECK_EQ((Standard{Level::restricted, 22}.text()), "restricted:v1.22");
}

TEST_CASE("restricted pods say what they do without") {
  const Standard restricted{Level::restricted};
  CHECK_EQ(judged(hardened, "", restricted), "");
  CHECK_EQ(
      judged(hardened, R"(,"volumes":[{"name":"h","hostPath":{}},{"name":"n","nfs":{}},
                               {"name":"s","secret":{}}])",
             restricted),
      "restricted volume types (volumes \"h\", \"n\" use restricted volume types \"hostPath\", \"nfs\")");
  CHECK_EQ(
      judged(hardened, R"(,"securityContext":{"runAsNonRoot":false,"runAsUser":0})", restricted),
      "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod must not "
      "set runAsUser=0)");
  CHECK_EQ(judged(hardened, R"(,"securityContext":{"runAsUser":0},"hostUsers":false)", restricted), "");
  CHECK_EQ(
      judged(with_security(R"({"allowPrivilegeEscalation":false,
              "capabilities":{"drop":["ALL"],"add":["CHOWN","NET_BIND_SERVICE"]}})"),
             R"(,"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"Localhost"}})", restricted),
      "unrestricted capabilities (container \"c\" must not include \"CHOWN\" in "
      "securityContext.capabilities.add)");
  CHECK_EQ(judged(R"({"name":"c"})", R"(,"os":{"name":"windows"},"securityContext":{"runAsNonRoot":true})",
                  restricted),
           "");
}

TEST_CASE("a namespace's labels say what its pods must be like") { in_world(labels); }
TEST_CASE("who tightens a standard hears of the pods that would not meet it") { in_world(tightening); }

}  // namespace podo::admission
