#include "cluster/control/plans_testing.h"
#include "cluster/controllers/volume_plan.h"

namespace podo::controllers {
namespace {

using kube::text_at;

json::Tree claim_of(std::string_view spec, std::string_view metadata = "",
                    std::string_view phase = "Pending") {
  return tree_of(text(R"({{"metadata":{{"name":"c","namespace":"default","uid":"u","resourceVersion":"7"{}}},
    "spec":{{"accessModes":["ReadWriteOnce"],"resources":{{"requests":{{"storage":"1Gi"}}}}{}}},
    "status":{{"phase":"{}"}}}})",
                      metadata, spec, phase));
}

json::Tree volume_of(std::string_view name, std::string_view size, std::string_view more = "",
                     std::string_view phase = "Available", std::string_view metadata = "") {
  return tree_of(text(
      R"({{"metadata":{{"name":"{}","uid":"v-{}","labels":{{"n":"{}"}}{}}},
    "spec":{{"accessModes":["ReadWriteOnce",
    "ReadOnlyMany"],"capacity":{{"storage":"{}"}}{}}},"status":{{"phase":"{}"}}}})",
      name, name, name, metadata, size, more, phase));
}

struct Case {
  explicit Case(json::Tree of) : claim(std::move(of)) {}
  Plan plan() const {
    const std::unique_ptr<const Facts> facts = facts_of(Kind::claim, claim.root());
    ClaimInput in{.wanted = claim.root(), .self = static_cast<const Claim&>(*facts), .volumes = {}};
    for (const json::Tree& volume : volumes) in.volumes.push_back(&volume.root());
    if (storage_class) in.storage_class = &storage_class->root();
    in.default_class = default_class;
    in.storage_folder = "/data/storage";
    in.storage_node = in.storage_host = "n1";
    return plan_claim(in);
  }
  json::Tree claim;
  std::vector<json::Tree> volumes = {};
  std::optional<json::Tree> storage_class = {};
  std::string default_class = {};
};

std::string said(const Plan& plan) { return plan.said.empty() ? "" : plan.said[0].reason; }

}  // namespace

TEST_CASE("a claim gets the smallest volume that fits, and both are told of it") {
  Case c(claim_of(""));
  c.volumes.push_back(volume_of("big", "5Gi"));
  c.volumes.push_back(volume_of("small", "500Mi"));
  c.volumes.push_back(volume_of("classy", "1Gi", R"(,"storageClassName":"gold")"));
  c.volumes.push_back(volume_of("fits", "2Gi"));
  c.volumes.push_back(volume_of("block", "1Gi", R"(,"volumeMode":"Block")"));
  c.volumes.push_back(volume_of("used", "1Gi", "", "Released"));
  const Plan plan = c.plan();
  CHECK(told(plan) ==
        "update PersistentVolume fits, patch PersistentVolume fits, "
        "update PersistentVolumeClaim c, patch PersistentVolumeClaim c");
  CHECK(text_at(plan.writes[0].object.root(), "spec.claimRef.uid") == "u");
  CHECK(text_at(plan.writes[2].object.root(), "spec.volumeName") == "fits");
  CHECK(plan.writes[3].change.contains(R"("capacity":{"storage":"2Gi"})"));
}

TEST_CASE("a claim that has been begun to be bound goes on with that volume") {
  Case c(claim_of(""));
  c.volumes.push_back(volume_of("other", "1Gi"));
  c.volumes.push_back(
      volume_of("mine", "3Gi", R"(,"claimRef":{"namespace":"default","name":"c","uid":"u"})", "Bound"));
  CHECK(told(c.plan()) == "update PersistentVolumeClaim c, patch PersistentVolumeClaim c");
}

TEST_CASE("what a selector does not fit, or is somebody else's, is not taken") {
  Case c(claim_of(R"(,"selector":{"matchLabels":{"n":"b"}})"));
  c.volumes.push_back(volume_of("a", "1Gi"));
  c.volumes.push_back(volume_of("b", "1Gi", R"(,"claimRef":{"namespace":"x","name":"y","uid":"z"})"));
  const Plan plan = c.plan();
  CHECK(told(plan) == "");
  CHECK(said(plan) == "FailedBinding");
}

TEST_CASE("a claim that waits for its first consumer gets nothing before a node was chosen") {
  Case c(claim_of(R"(,"storageClassName":"local-path")"));
  c.storage_class = local_path_storage_class();
  c.volumes.push_back(volume_of("a", "1Gi", R"(,"storageClassName":"local-path")"));
  CHECK(told(c.plan()) == "");
  CHECK(said(c.plan()) == "WaitForFirstConsumer");
  c.claim = claim_of(R"(,"storageClassName":"local-path")",
                     R"(,"annotations":{"volume.kubernetes.io/selected-node":"n1"})");
  const Plan plan = c.plan();
  REQUIRE(told(plan) == "create PersistentVolume pvc-u");
  const json::Item& volume = plan.writes[0].object.root();
  CHECK(text_at(volume, "spec.hostPath.path") == "/data/storage/pvc-u_default_c");
  CHECK(text_at(volume, "spec.persistentVolumeReclaimPolicy") == "Delete");
  CHECK(text_at(volume, "spec.claimRef.uid") == "u");
  CHECK(text_at(volume, "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]") ==
        "n1");
}

TEST_CASE("a claim without a class gets the default one when there is one") {
  Case c(claim_of(""));
  c.default_class = "local-path";
  const Plan plan = c.plan();
  REQUIRE(told(plan) == "update PersistentVolumeClaim c");
  CHECK(text_at(plan.writes[0].object.root(), "spec.storageClassName") == "local-path");
  c.claim = claim_of(R"(,"storageClassName":"")");
  CHECK(told(c.plan()) == "");
}

TEST_CASE("a claim whose volume is gone or somebody else's is lost") {
  constexpr std::string_view bound = R"(,"annotations":{"pv.kubernetes.io/bind-completed":"yes"})";
  Case c(claim_of(R"(,"volumeName":"v")", bound, "Bound"));
  Plan plan = c.plan();
  CHECK(said(plan) == "ClaimLost");
  CHECK(plan.writes[0].change.contains(R"("phase":"Lost")"));
  c.volumes.push_back(
      volume_of("v", "1Gi", R"(,"claimRef":{"namespace":"default","name":"c","uid":"x"})", "Bound"));
  CHECK(said(c.plan()) == "ClaimMisbound");
}

TEST_CASE("a volume without its claim is released; what becomes of it its policy says") {
  const auto plan_of = [](const json::Tree& volume, const json::Item* claim) {
    const std::unique_ptr<const Facts> facts = facts_of(Kind::volume, volume.root());
    return plan_volume(volume.root(), static_cast<const Volume&>(*facts), claim);
  };
  constexpr std::string_view reference = R"(,"claimRef":{"namespace":"default","name":"c","uid":"u"})";
  const auto released = [&](std::string_view policy, std::string_view by) {
    return plan_of(
        volume_of("v", "1Gi", text(R"({},"persistentVolumeReclaimPolicy":"{}")", reference, policy), "Bound",
                  text(R"(,"annotations":{{"pv.kubernetes.io/provisioned-by":"{}"}})", by)),
        nullptr);
  };
  CHECK(plan_of(volume_of("v", "1Gi", "", "Pending"), nullptr).plan.writes[0].change.contains("Available"));
  CHECK(released("Retain", local_path_provisioner).plan.writes[0].change.contains("Released"));
  CHECK(released("Retain", local_path_provisioner).reclaim == Reclaim::nothing);
  CHECK(released("Delete", local_path_provisioner).reclaim == Reclaim::remove);
  CHECK(released("Delete", "somebody").reclaim == Reclaim::nothing);
  CHECK(said(released("Delete", "somebody").plan) == "VolumeFailedDelete");
  CHECK(said(released("Recycle", "").plan) == "VolumeFailedRecycle");
  const json::Tree other = claim_of(R"(,"volumeName":"w")");
  const VolumePlan unbound =
      plan_of(volume_of("v", "1Gi", reference, "Bound",
                        R"(,"annotations":{"pv.kubernetes.io/bound-by-controller":"yes"})"),
              &other.root());
  REQUIRE(told(unbound.plan) == "update PersistentVolume v");
  CHECK(kube::find_at(unbound.plan.writes[0].object.root(), "spec.claimRef") == nullptr);
}

}  // namespace podo::controllers
