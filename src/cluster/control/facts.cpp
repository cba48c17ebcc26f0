#include "cluster/control/facts.h"

#include <algorithm>
#include <charconv>

#include "base/format/base64.h"
#include "model/kube/path.h"
#include "model/schema/instant.h"
#include "model/schema/quantity.h"

namespace podo::controllers {
namespace {

using kube::children_at;
using kube::find_at;
using kube::number_at;
using kube::text_at;

constexpr KindNames all_names[kinds] = {
    {"", "pods", "Pod", "v1"},
    {"apps", "replicasets", "ReplicaSet", "apps/v1"},
    {"", "replicationcontrollers", "ReplicationController", "v1"},
    {"apps", "deployments", "Deployment", "apps/v1"},
    {"apps", "statefulsets", "StatefulSet", "apps/v1"},
    {"apps", "daemonsets", "DaemonSet", "apps/v1"},
    {"batch", "jobs", "Job", "batch/v1"},
    {"batch", "cronjobs", "CronJob", "batch/v1"},
    {"apps", "controllerrevisions", "ControllerRevision", "apps/v1"},
    {"", "persistentvolumeclaims", "PersistentVolumeClaim", "v1"},
    {"", "nodes", "Node", "v1"},
    {"coordination.k8s.io", "leases", "Lease", "coordination.k8s.io/v1"},
    {"", "services", "Service", "v1"},
    {"", "endpoints", "Endpoints", "v1"},
    {"discovery.k8s.io", "endpointslices", "EndpointSlice", "discovery.k8s.io/v1"},
    {"", "persistentvolumes", "PersistentVolume", "v1"},
    {"storage.k8s.io", "storageclasses", "StorageClass", "storage.k8s.io/v1"},
    {"", "serviceaccounts", "ServiceAccount", "v1"},
    {"", "secrets", "Secret", "v1"},
    {"certificates.k8s.io", "certificatesigningrequests", "CertificateSigningRequest",
     "certificates.k8s.io/v1"},
    {"policy", "poddisruptionbudgets", "PodDisruptionBudget", "policy/v1"},
};

std::int64_t integer(std::string_view digits) {
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

void read_metadata(const json::Item& object, Facts& facts) {
  facts.name_space = text_at(object, "metadata.namespace");
  facts.name = text_at(object, "metadata.name");
  facts.uid = text_at(object, "metadata.uid");
  facts.labels = labels_of(find_at(object, "metadata.labels"));
  facts.created = time_at(object, "metadata.creationTimestamp");
  facts.deleted = time_at(object, "metadata.deletionTimestamp");
  for (const json::Item& owner : children_at(object, "metadata.ownerReferences")) {
    if (!kube::is_true_at(owner, "controller")) continue;
    facts.owner = Owner{std::string(text_at(owner, "apiVersion")), std::string(text_at(owner, "kind")),
                        std::string(text_at(owner, "name")), std::string(text_at(owner, "uid"))};
  }
}

Phase phase_named(std::string_view name) {
  if (name == "Running") return Phase::running;
  if (name == "Succeeded") return Phase::succeeded;
  if (name == "Failed") return Phase::failed;
  return name == "Unknown" ? Phase::unknown : Phase::pending;
}

bool is_sidecar(const json::Item& pod, std::string_view container) {
  for (const json::Item& init : children_at(pod, "spec.initContainers"))
    if (text_at(init, "name") == container) return text_at(init, "restartPolicy") == "Always";
  return false;
}

void read_containers(const json::Item& object, Pod& pod) {
  for (const std::string_view list : {"status.containerStatuses", "status.initContainerStatuses"}) {
    for (const json::Item& container : children_at(object, list)) {
      const std::string_view name = text_at(container, "name");
      const std::int64_t restarts = number_at(container, "restartCount");
      std::int64_t& most =
          list.contains("init") && is_sidecar(object, name) ? pod.sidecar_restarts : pod.restarts;
      most = std::max(most, restarts);
      pod.all_restarts += restarts;
      const json::Item* ended = find_at(container, "state.terminated");
      if (ended == nullptr) continue;
      pod.finished = std::max(pod.finished, time_at(*ended, "finishedAt"));
      if (pod.phase == Phase::failed) pod.exits.push_back({std::string(name), number_at(*ended, "exitCode")});
    }
  }
}

void read_conditions(const json::Item& object, Pod& pod) {
  for (const json::Item& condition : children_at(object, "status.conditions")) {
    const std::string_view type = text_at(condition, "type"), status = text_at(condition, "status");
    if (type == "Ready") {
      pod.ready = status == "True";
      pod.ready_since = time_at(condition, "lastTransitionTime");
    }
    if (pod.phase == Phase::failed) pod.conditions.push_back({std::string(type), std::string(status)});
    if (pod.ended() && pod.finished == 0 && type == "Ready")
      pod.finished = time_at(condition, "lastTransitionTime");
  }
}

void read_volumes(const json::Item& object, Pod& pod) {
  for (const json::Item& volume : children_at(object, "spec.volumes")) {
    if (const json::Item* claim = find_at(volume, "persistentVolumeClaim"))
      pod.claims.emplace_back(text_at(*claim, "claimName"));
    if (find_at(volume, "ephemeral") == nullptr) continue;
    pod.claims.push_back(text("{}-{}", pod.name, text_at(volume, "name")));
    pod.has_ephemeral_volumes = true;
  }
}

std::unique_ptr<const Facts> pod_facts(const json::Item& object) {
  auto pod = std::make_unique<Pod>();
  read_metadata(object, *pod);
  pod->phase = phase_named(text_at(object, "status.phase"));
  pod->node = text_at(object, "spec.nodeName");
  pod->reason = text_at(object, "status.reason");
  pod->message = text_at(object, "status.message");
  const json::Item* target =
      find_at(object,
              "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
              "nodeSelectorTerms[0].matchFields[0]");
  if (target != nullptr && text_at(*target, "key") == "metadata.name")
    pod->target = text_at(*target, "values[0]");
  if (!pod->node.empty()) pod->target = pod->node;
  pod->hostname = text_at(object, "spec.hostname");
  pod->subdomain = text_at(object, "spec.subdomain");
  for (const json::Item& ip : children_at(object, "status.podIPs")) pod->ips.emplace_back(text_at(ip, "ip"));
  read_volumes(object, *pod);
  read_containers(object, *pod);
  read_conditions(object, *pod);
  for (const json::Item& note : children_at(object, "metadata.annotations")) {
    const std::string_view value = note.string_or("");
    if (note.key() == "controller.kubernetes.io/pod-deletion-cost") pod->deletion_cost = integer(value);
    if (note.key() == "batch.kubernetes.io/job-completion-index") pod->job_index = value;
    if (note.key() == "batch.kubernetes.io/job-index-failure-count") pod->index_failures = integer(value);
  }
  for (const json::Item& finalizer : children_at(object, "metadata.finalizers"))
    if (finalizer.string_or("") == "batch.kubernetes.io/job-tracking") pod->tracked = true;
  return pod;
}

std::unique_ptr<const Facts> node_facts(const json::Item& object) {
  auto node = std::make_unique<Node>();
  read_metadata(object, *node);
  node->taints = kube::taints_of(object);
  node->pod_range = text_at(object, "spec.podCIDR");
  node->zone = node->label("topology.kubernetes.io/zone");
  const auto cpus = schema::Quantity::parse(text_at(object, "status.allocatable.cpu"));
  if (cpus) node->cpu_milli = cpus->milli();
  for (const json::Item& condition : children_at(object, "status.conditions")) {
    if (text_at(condition, "type") != "Ready") continue;
    node->ready = text_at(condition, "status");
    node->ready_since = time_at(condition, "lastTransitionTime");
    node->heard_at = time_at(condition, "lastHeartbeatTime");
  }
  return node;
}

std::unique_ptr<const Facts> volume_facts(const json::Item& object) {
  auto volume = std::make_unique<Volume>();
  read_metadata(object, *volume);
  if (const json::Item* claim = find_at(object, "spec.claimRef")) {
    volume->claim = text("{}/{}", text_at(*claim, "namespace"), text_at(*claim, "name"));
    volume->claim_uid = text_at(*claim, "uid");
  }
  volume->class_name = text_at(object, "spec.storageClassName");
  volume->phase = text_at(object, "status.phase");
  return volume;
}

// Before there was a field, an annotation said the class.
std::unique_ptr<const Facts> claim_facts(const json::Item& object) {
  auto claim = std::make_unique<Claim>();
  read_metadata(object, *claim);
  claim->volume = text_at(object, "spec.volumeName");
  claim->class_name = text_at(object, "spec.storageClassName");
  claim->has_class = find_at(object, "spec.storageClassName") != nullptr;
  claim->phase = text_at(object, "status.phase");
  for (const json::Item& note : children_at(object, "metadata.annotations")) {
    if (note.key() == "volume.kubernetes.io/selected-node") claim->node = note.string_or("");
    if (note.key() == "volume.beta.kubernetes.io/storage-class") {
      claim->class_name = note.string_or("");
      claim->has_class = true;
    }
  }
  return claim;
}

std::unique_ptr<const Facts> secret_facts(const json::Item& object) {
  auto secret = std::make_unique<Secret>();
  read_metadata(object, *secret);
  secret->type = text_at(object, "type");
  for (const json::Item& note : children_at(object, "metadata.annotations")) {
    if (note.key() == "kubernetes.io/service-account.name") secret->account = note.string_or("");
    if (note.key() == "kubernetes.io/service-account.uid") secret->account_uid = note.string_or("");
  }
  if (const auto expires = base64::decode(text_at(object, "data.expiration")); expires && !expires->empty())
    if (const auto at = schema::parse_instant(*expires, schema::Precision::seconds))
      secret->expires = at->seconds;
  return secret;
}

bool has_label_selector(Kind kind) {
  return kind == Kind::replica_set || kind == Kind::deployment || kind == Kind::stateful_set ||
         kind == Kind::daemon_set || kind == Kind::job || kind == Kind::budget;
}

bool holds(const kube::Requirement& requirement, const std::string* value) {
  const auto among = [&] { return value && std::ranges::contains(requirement.values, *value); };
  switch (requirement.op) {
    case kube::Operator::in:
    case kube::Operator::equals: return among();
    case kube::Operator::not_in:
    case kube::Operator::not_equals: return !among();
    case kube::Operator::exists: return value != nullptr;
    case kube::Operator::does_not_exist: return value == nullptr;
    case kube::Operator::greater: return value && integer(*value) > integer(requirement.values.front());
    case kube::Operator::less: return value && integer(*value) < integer(requirement.values.front());
  }
  return false;
}

}  // namespace

const KindNames& names_of(Kind kind) { return all_names[static_cast<std::size_t>(kind)]; }

std::string_view Facts::label(std::string_view key) const {
  for (const auto& [known, value] : labels)
    if (known == key) return value;
  return {};
}

std::unique_ptr<const Facts> facts_of(Kind kind, const json::Item& object) {
  switch (kind) {
    case Kind::pod: return pod_facts(object);
    case Kind::node: return node_facts(object);
    case Kind::volume: return volume_facts(object);
    case Kind::claim: return claim_facts(object);
    case Kind::secret: return secret_facts(object);
    default: break;
  }
  auto facts = std::make_unique<Facts>();
  read_metadata(object, *facts);
  const json::Item* selector = find_at(object, "spec.selector");
  if (kind == Kind::replication_controller || kind == Kind::service) {
    if (selector != nullptr && selector->size() != 0)
      facts->selector = kube::LabelSelector::of_labels(selector);
  } else if (selector != nullptr && has_label_selector(kind)) {
    if (auto parsed = kube::LabelSelector::of(selector)) facts->selector = *std::move(parsed);
  }
  return facts;
}

bool matches(const kube::LabelSelector& selector, const Labels& labels) {
  if (selector.requirements().empty()) return selector.empty();
  return std::ranges::all_of(selector.requirements(), [&](const kube::Requirement& requirement) {
    for (const auto& [key, value] : labels)
      if (key == requirement.key) return holds(requirement, &value);
    return holds(requirement, nullptr);
  });
}

Labels labels_of(const json::Item* labels) {
  Labels all;
  for (const json::Item& label : kube::children(labels))
    all.emplace_back(std::string(label.key()), std::string(label.string_or("")));
  std::ranges::sort(all);
  return all;
}

Seconds time_at(const json::Item& object, std::string_view path) {
  const std::string_view written = text_at(object, path);
  if (written.empty()) return 0;
  const auto at = schema::parse_instant(written, schema::Precision::seconds);
  return at ? at->seconds : 0;
}

std::string time_text(Seconds at) {
  return schema::text_of({.seconds = at, .nanos = 0}, schema::Precision::seconds);
}

}  // namespace podo::controllers
