#include "cluster/control/claims.h"
#include "cluster/workloads/pod_template.h"
#include "cluster/workloads/stateful_set_plan.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::children_at;
using kube::text_at;

void put_volumes(const StatefulSetInput& in, json::Item& spec, std::int64_t ordinal) {
  json::Tree volumes;
  for (const json::Item& claim : children_at(in.wanted, "spec.volumeClaimTemplates")) {
    json::Item& volume = volumes.root().append();
    volume.member("name").set_string(text_at(claim, "metadata.name"));
    volume.member("persistentVolumeClaim")
        .member("claimName")
        .set_string(claim_name(claim, in.self.name, ordinal));
  }
  if (volumes.root().size() == 0) return;
  for (const json::Item& other : children_at(spec, "volumes")) {
    bool replaced = false;
    for (const json::Item& claim : children_at(in.wanted, "spec.volumeClaimTemplates"))
      if (text_at(claim, "metadata.name") == text_at(other, "name")) replaced = true;
    if (!replaced) volumes.root().append().copy(other);
  }
  spec.member("volumes").copy(volumes.root());
}

Write claim_of(const StatefulSetInput& in, const json::Item& claim_template, std::int64_t ordinal) {
  const std::string name = claim_name(claim_template, in.self.name, ordinal);
  json::Tree tree = json::Tree::copy_of(claim_template);
  json::Item& claim = tree.root();
  claim.member("kind").set_string("PersistentVolumeClaim");
  claim.member("apiVersion").set_string("v1");
  claim.remove("status");
  json::Item& metadata = claim.member("metadata");
  metadata.member("name").set_string(name);
  metadata.member("namespace").set_string(in.self.name_space);
  for (const json::Item& label : children_at(in.wanted, "spec.selector.matchLabels"))
    metadata.member("labels").member(label.key()).copy(label);
  Write write = create(Kind::claim, in.self.name_space, std::move(tree));
  const std::string pod = text("{}-{}", in.self.name, ordinal);
  write.done = {"SuccessfulCreate",
                text("create Claim {} Pod {} in StatefulSet {} success", name, pod, in.self.name)};
  write.failed = {
      "FailedCreate",
      text("create Claim {} for Pod {} in StatefulSet {} failed error: %", name, pod, in.self.name), true};
  return write;
}

}  // namespace

std::string claim_name(const json::Item& claim_template, std::string_view set, std::int64_t ordinal) {
  return text("{}-{}-{}", text_at(claim_template, "metadata.name"), set, ordinal);
}

json::Tree stateful_pod(const StatefulSetInput& in, std::int64_t ordinal, std::string_view revision) {
  const json::Item* from = in.revisions.template_of(revision);
  json::Tree tree = pod_of(from != nullptr ? *from : kube::part_at(in.wanted, "spec.template"),
                           Kind::stateful_set, in.self);
  json::Item& metadata = tree.root().member("metadata");
  const std::string name = text("{}-{}", in.self.name, ordinal);
  metadata.remove("generateName");
  metadata.member("name").set_string(name);
  json::Item& labels = metadata.member("labels");
  labels.member("statefulset.kubernetes.io/pod-name").set_string(name);
  labels.member("apps.kubernetes.io/pod-index").set_string(text("{}", ordinal));
  labels.member(revision_hash_label).set_string(revision);
  json::Item& spec = tree.root().member("spec");
  spec.member("hostname").set_string(name);
  if (const auto service = text_at(in.wanted, "spec.serviceName"); !service.empty())
    spec.member("subdomain").set_string(service);
  put_volumes(in, spec, ordinal);
  return tree;
}

std::optional<std::vector<Write>> missing_claims(const StatefulSetInput& in, std::int64_t ordinal) {
  std::vector<Write> writes;
  for (const json::Item& claim : children_at(in.wanted, "spec.volumeClaimTemplates")) {
    const auto found = in.volume_claims.find(claim_name(claim, in.self.name, ordinal));
    if (found == in.volume_claims.end()) writes.push_back(claim_of(in, claim, ordinal));
    else if (found->second->deleting()) return std::nullopt;
  }
  return writes;
}

std::vector<Write> claim_owners(const StatefulSetInput& in, std::int64_t ordinal, const Pod* leaving) {
  const std::string_view policy = "spec.persistentVolumeClaimRetentionPolicy.";
  const bool with_set = text_at(in.wanted, std::string(policy).append("whenDeleted")) == "Delete";
  const bool with_pod = text_at(in.wanted, std::string(policy).append("whenScaled")) == "Delete";
  const Facts* owner = leaving != nullptr && with_pod ? leaving : (with_set ? &in.self : nullptr);
  std::vector<Write> writes;
  for (const json::Item& claim : children_at(in.wanted, "spec.volumeClaimTemplates")) {
    const auto found = in.volume_claims.find(claim_name(claim, in.self.name, ordinal));
    if (found == in.volume_claims.end()) continue;
    const Facts& there = *found->second;
    const bool ours = !there.owner || there.owner->kind == "StatefulSet" || there.owner->kind == "Pod";
    if (!ours || (there.owner ? owner != nullptr && there.owner->uid == owner->uid : owner == nullptr))
      continue;
    json::Tree patch;
    json::Item& references = patch.root().member("metadata").member("ownerReferences");
    if (there.owner) {
      json::Item& old = references.append();
      old.member("$patch").set_string("delete");
      old.member("uid").set_string(there.owner->uid);
    }
    if (owner != nullptr)
      write_owner(references.append(), owner == leaving ? Kind::pod : Kind::stateful_set, *owner);
    writes.push_back({.verb = Write::Verb::patch,
                      .kind = Kind::claim,
                      .name_space = in.self.name_space,
                      .name = there.name,
                      .change = patch.to_text()});
  }
  return writes;
}

}  // namespace podo::controllers
