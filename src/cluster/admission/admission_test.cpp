#include "cluster/admission/admission_testing.h"

namespace podo::admission {
namespace {

Task<void> namespaces(World& world) {
  Ask ask{.api_version = "v1", .kind = "ConfigMap", .json = "{}", .name_space = "none"};
  Outcome outcome = co_await world.submit(ask);
  CHECK_EQ(outcome.refused, "namespaces \"none\" not found");
  CHECK_EQ(outcome.status.code, 404);
  co_await world.put("v1", "Namespace", R"({"metadata":{"name":"none"},"status":{"phase":"Terminating"}})");
  outcome = co_await world.submit(ask);
  CHECK_EQ(
      outcome.refused,
      "configmaps \"x\" is forbidden: unable to create new content in namespace none because it is being "
      "terminated");
  REQUIRE_EQ(outcome.status.causes.size(), 1);
  CHECK_EQ(outcome.status.causes[0].reason, "NamespaceTerminating");
  CHECK_EQ(outcome.status.causes[0].message, "namespace none is being terminated");
  ask.old = "{}";
  CHECK_EQ((co_await world.submit(ask)).refused, "");  // what is there may change
  outcome =
      co_await world.submit({.api_version = "v1", .kind = "Namespace", .old = "{}", .name = "kube-system"});
  CHECK_EQ(outcome.refused, "namespaces \"kube-system\" is forbidden: this namespace may not be deleted");
  CHECK_EQ(
      (co_await world.submit({.api_version = "v1", .kind = "Namespace", .old = "{}", .name = "y"})).refused,
      "");
}

Task<void> accounts(World& world) {
  co_await world.put("v1", "ServiceAccount", R"({"metadata":{"name":"puller","namespace":"ns"},
      "imagePullSecrets":[{"name":"s"}],"automountServiceAccountToken":false})");
  Outcome pod = co_await world.submit(
      new_pod(pod_with(plain_container, R"(,"initContainers":[{"name":"i","image":"j"}])")));
  CHECK_EQ(pod.refused, "");
  CHECK_EQ(pod.at("spec.serviceAccountName"), "\"default\"");
  const std::string volume(kube::text_at(pod.object.root(), "spec.volumes[0].name"));
  CHECK(volume.starts_with("kube-api-access-"));
  CHECK_EQ(volume.size(), 21);
  for (const std::string_view list : {"containers", "initContainers"}) {
    CHECK_EQ(pod.at(text("spec.{}[0].volumeMounts[0].mountPath", list)),
             "\"/var/run/secrets/kubernetes.io/serviceaccount\"");
    CHECK_EQ(pod.at(text("spec.{}[0].volumeMounts[0].name", list)), "\"" + volume + "\"");
  }
  CHECK_EQ(pod.at("spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds"), "3607");
  CHECK_EQ(pod.at("spec.volumes[0].projected.defaultMode"), "420");

  pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"serviceAccountName":"puller")")));
  CHECK_EQ(pod.at("spec.volumes"), "-");
  CHECK_EQ(pod.at("spec.imagePullSecrets"), R"([{"name":"s"}])");
  pod = co_await world.submit(new_pod(pod_with(R"({"name":"c","image":"i","volumeMounts":[{"name":"v",
          "mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]})")));
  CHECK_EQ(pod.at("spec.volumes"), "-");
  pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"serviceAccountName":"who")")));
  CHECK_EQ(
      pod.refused,
      "pods \"x\" is forbidden: error looking up service account ns/who: serviceaccount \"who\" not found");
  pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"serviceAccountName":"default")",
                                               R"(,"annotations":{"kubernetes.io/config.mirror":"m"})")));
  CHECK_EQ(pod.refused, "pods \"x\" is forbidden: a mirror pod may not reference service accounts");
}

Task<void> mountable_secrets(World& world) {
  co_await world.put("v1", "ServiceAccount", R"({"metadata":{"name":"strict","namespace":"ns",
      "annotations":{"kubernetes.io/enforce-mountable-secrets":"true"}},"secrets":[{"name":"mine"}]})");
  const auto with_secret = [](std::string_view name) {
    return new_pod(pod_with(text(R"({{"name":"c","image":"i","env":[{{"name":"E","valueFrom":
        {{"secretKeyRef":{{"name":"{}","key":"k"}}}}}}]}})",
                                 name),
                            R"(,"serviceAccountName":"strict")"));
  };
  CHECK_EQ((co_await world.submit(with_secret("mine"))).refused, "");
  CHECK_EQ(
      (co_await world.submit(with_secret("other"))).refused,
      "pods \"x\" is forbidden: container c with envVar E referencing secret.secretName=\"other\" is not "
      "allowed because service account strict does not reference that secret");
}

Task<void> priorities(World& world) {
  Outcome pod = co_await world.submit(new_pod(pod_with(plain_container)));
  CHECK_EQ(pod.at("spec.priority"), "0");
  CHECK_EQ(pod.at("spec.preemptionPolicy"), "\"PreemptLowerPriority\"");
  co_await world.put("scheduling.k8s.io/v1", "PriorityClass",
                     R"({"metadata":{"name":"usual"},"value":5,"globalDefault":true})");
  co_await world.put("scheduling.k8s.io/v1", "PriorityClass",
                     R"({"metadata":{"name":"polite"},"value":9,"preemptionPolicy":"Never"})");
  pod = co_await world.submit(new_pod(pod_with(plain_container)));
  CHECK_EQ(pod.at("spec.priority"), "5");
  CHECK_EQ(pod.at("spec.priorityClassName"), "\"usual\"");
  pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"priorityClassName":"polite")")));
  CHECK_EQ(pod.at("spec.preemptionPolicy"), "\"Never\"");
  pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"priority":7)")));
  CHECK_EQ(
      pod.refused,
      "pods \"x\" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority "
      "admission controller computed 5 from the given PriorityClass name");
  pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"priorityClassName":"none")")));
  CHECK_EQ(pod.refused, "pods \"x\" is forbidden: no PriorityClass with name none was found");
  const Outcome second = co_await world.submit({.api_version = "scheduling.k8s.io/v1",
                                                .kind = "PriorityClass",
                                                .json = R"({"value":1,"globalDefault":true})"});
  CHECK_EQ(second.refused,
           "priorityclasses.scheduling.k8s.io \"x\" is forbidden: PriorityClass usual is already marked as "
           "default. Only one default can exist");
}

Task<void> tolerations(World& world) {
  Outcome pod = co_await world.submit(new_pod(pod_with(
      plain_container, R"(,"tolerations":[{"key":"node.kubernetes.io/unreachable","operator":"Exists"}])")));
  CHECK_EQ(kube::size_at(pod.object.root(), "spec.tolerations"), 2);
  CHECK_EQ(pod.at("spec.tolerations[1]"),
           R"({"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute",)"
           R"("tolerationSeconds":300})");
  const Outcome node = co_await world.submit({.api_version = "v1", .kind = "Node", .json = "{}"});
  CHECK_EQ(node.at("spec.taints"), R"([{"key":"node.kubernetes.io/not-ready","effect":"NoSchedule"}])");
}

Task<void> storage(World& world) {
  for (const auto& [name, mark, made] : {std::tuple("old", "true", "2026-01-01T00:00:00Z"),
                                         std::tuple("young", "true", "2026-01-02T00:00:00Z"),
                                         std::tuple("fast", "false", "2026-01-03T00:00:00Z")}) {
    co_await world.put("storage.k8s.io/v1", "StorageClass",
                       text(R"({{"metadata":{{"name":"{}","creationTimestamp":"{}","annotations":
          {{"storageclass.kubernetes.io/is-default-class":"{}"}}}},"provisioner":"p",
          "allowVolumeExpansion":{}}})",
                            name, made, mark, name == std::string_view("young")));
  }
  Outcome claim =
      co_await world.submit({.api_version = "v1", .kind = "PersistentVolumeClaim", .json = R"({"spec":{}})"});
  CHECK_EQ(claim.at("spec.storageClassName"), "\"young\"");
  CHECK_EQ(claim.at("metadata.finalizers"), R"(["kubernetes.io/pvc-protection"])");
  const auto grow = [](std::string_view phase, std::string_view name) {
    const std::string body =
        text(R"({{"spec":{{"storageClassName":"{}","resources":{{"requests":{{"storage":"SIZE"}}}}}},)"
             R"("status":{{"phase":"{}"}}}})",
             name, phase);
    const auto sized = [&](std::string_view size) {
      std::string out = body;
      return out.replace(out.find("SIZE"), 4, size);
    };
    return Ask{
        .api_version = "v1", .kind = "PersistentVolumeClaim", .json = sized("2Gi"), .old = sized("1Gi")};
  };
  CHECK_EQ((co_await world.submit(grow("Bound", "young"))).refused, "");
  CHECK_EQ((co_await world.submit(grow("Pending", "young"))).refused,
           "persistentvolumeclaims \"x\" is forbidden: Only bound persistent volume claims can be expanded");
  CHECK((co_await world.submit(grow("Bound", "fast")))
            .refused.starts_with(
                "persistentvolumeclaims \"x\" is forbidden: only dynamically provisioned pvc"));
}

Task<void> classes(World& world) {
  co_await world.put("networking.k8s.io/v1", "IngressClass", R"({"metadata":{"name":"web","annotations":
      {"ingressclass.kubernetes.io/is-default-class":"true"}}})");
  Ask ask{.api_version = "networking.k8s.io/v1", .kind = "Ingress", .json = R"({"spec":{}})"};
  CHECK_EQ((co_await world.submit(ask)).at("spec.ingressClassName"), "\"web\"");
  co_await world.put("node.k8s.io/v1", "RuntimeClass", R"({"metadata":{"name":"vm"},"handler":"h",
      "overhead":{"podFixed":{"cpu":"100m"}},"scheduling":{"nodeSelector":{"kvm":"yes"},
      "tolerations":[{"key":"t","operator":"Exists"}]}})");
  Outcome pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"runtimeClassName":"vm")")));
  CHECK_EQ(pod.refused, "");
  CHECK_EQ(pod.at("spec.overhead"), R"({"cpu":"100m"})");
  CHECK_EQ(pod.at("spec.nodeSelector"), R"({"kvm":"yes"})");
  CHECK_EQ(kube::size_at(pod.object.root(), "spec.tolerations"), 3);
  pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"runtimeClassName":"no")")));
  CHECK_EQ(pod.refused, "pods \"x\" is forbidden: pod rejected: RuntimeClass \"no\" not found");
  pod = co_await world.submit(
      new_pod(pod_with(plain_container, R"(,"runtimeClassName":"vm","nodeSelector":{"kvm":"no"})")));
  CHECK_EQ(pod.refused,
           "pods \"x\" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[kvm] = yes; "
           "pod.spec.nodeSelector[kvm] = no");
  pod = co_await world.submit(new_pod(pod_with(plain_container, R"(,"overhead":{"cpu":"1"})")));
  CHECK_EQ(
      pod.refused,
      "pods \"x\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined "
      "Overhead");
}

Task<void> certificates(World& world) {
  Ask ask{.api_version = "certificates.k8s.io/v1",
          .kind = "CertificateSigningRequest",
          .json = R"({"spec":{"signerName":"a.b/c"},"status":{"certificate":"eA=="}})",
          .old = R"({"spec":{"signerName":"a.b/c"}})",
          .subresource = "status",
          .user = {.name = "jane"}};
  CHECK_EQ((co_await world.submit(ask)).refused,
           "certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: user not permitted to sign "
           "requests with signerName \"a.b/c\"");
  world.access.allowed = "sign signers a.b/*";
  CHECK_EQ((co_await world.submit(ask)).refused, "");
  ask.subresource = "approval";
  CHECK_EQ((co_await world.submit(ask)).refused,
           "certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: user not permitted to approve "
           "requests with signerName \"a.b/c\"");
  world.access.allowed = "approve signers a.b/c";
  CHECK_EQ((co_await world.submit(ask)).refused, "");
}

Task<void> webhooks(World& world) {
  const Outcome outcome = co_await world.submit({.api_version = "admissionregistration.k8s.io/v1",
                                                 .kind = "ValidatingWebhookConfiguration",
                                                 .json = "{}"});
  CHECK_EQ(outcome.refused, "");
  REQUIRE_EQ(outcome.warnings.size(), 1);
  CHECK_EQ(outcome.warnings[0],
           "Unsupported: validatingwebhookconfigurations are stored, but not enforced by this server");
}

}  // namespace

TEST_CASE("nothing is made where no namespace is") { in_world(namespaces); }
TEST_CASE("pods act for an account and get its token") { in_world(accounts); }
TEST_CASE("an account may say which secrets its pods use") { in_world(mountable_secrets); }
TEST_CASE("classes of priority become numbers") { in_world(priorities); }
TEST_CASE("pods tolerate failing nodes for a while, and new nodes are tainted") { in_world(tolerations); }
TEST_CASE("claims get a class and are protected; some may grow") { in_world(storage); }
TEST_CASE("ingresses and runtimes have classes") { in_world(classes); }
TEST_CASE("signers decide who signs") { in_world(certificates); }
TEST_CASE("webhooks are stored with a warning") { in_world(webhooks); }

}  // namespace podo::admission
