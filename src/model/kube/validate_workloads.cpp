#include <algorithm>
#include <string>

#include "model/kube/selectors.h"
#include "model/kube/validate_rules.h"

namespace podo::kube::rules {
namespace {

FieldPath in_spec(std::string_view field) { return FieldPath("spec") / field; }

const Item& spec_of(const Item& object) { return part_at(object, "spec"); }

void check_restart_policy(Errors& errors, const FieldPath& path, const Item& spec,
                          std::initializer_list<std::string_view> supported) {
  const std::string_view policy = text_at(spec, "restartPolicy");
  if (std::ranges::find(supported, policy) == supported.end()) {
    errors.not_supported(path / "restartPolicy", policy, {supported.begin(), supported.size()});
  }
}

bool selects_template(const Item& spec) {
  const auto selector = LabelSelector::of(spec.find("selector"));
  return selector && selector->matches(spec.find("template", "metadata", "labels"));
}

// What Deployments, ReplicaSets, DaemonSets and StatefulSets have in common.
void check_controller(Errors& errors, const Item& object, const Item* old, std::string_view kind) {
  const Item& spec = spec_of(object);
  const FieldPath template_path = in_spec("template");
  for (const std::string_view field : {"replicas", "minReadySeconds", "revisionHistoryLimit"}) {
    check_at_least(errors, in_spec(field), spec.find(field), 0);
  }
  const Item* selector = spec.find("selector");
  if (selector == nullptr) {
    errors.required(in_spec("selector"));
  } else {
    check_label_selector(errors, in_spec("selector"), selector);
    if (selector->size() == 0) {
      errors.invalid(in_spec("selector"), selector, text("empty selector is invalid for {}", kind));
    } else if (!selects_template(spec)) {
      errors.invalid(template_path / "metadata" / "labels", spec.find("template", "metadata", "labels"),
                     "`selector` does not match template `labels`");
    }
  }
  // As upstream has it, nobody looks into the pods of a StatefulSet: their volumes may be its claims'.
  if (kind != "statefulset") check_template(errors, template_path, spec.find("template"));
  else check_labels(errors, template_path / "labels", spec.find("template", "metadata", "labels"));
  if (const Item* pod = spec.find("template", "spec")) {
    check_restart_policy(errors, template_path / "spec", *pod, {"Always"});
    if (pod->find("activeDeadlineSeconds")) {
      errors.forbidden(
          template_path / "spec" / "activeDeadlineSeconds",
          text("activeDeadlineSeconds in {} is not Supported", kind == "deployment" ? "ReplicaSet" : kind));
    }
  }
  if (old != nullptr) check_immutable(errors, in_spec("selector"), selector, spec_of(*old).find("selector"));
}

}  // namespace

void check_template(Errors& errors, const FieldPath& path, const Item* pod_template) {
  if (pod_template == nullptr) return errors.required(path);
  if (const Item* metadata = pod_template->find("metadata")) {
    check_labels(errors, path / "metadata" / "labels", metadata->find("labels"));
  }
  const Item* spec = pod_template->find("spec");
  if (spec == nullptr) return errors.required(path / "spec" / "containers");
  check_pod_spec(errors, path / "spec", *spec, true);
  if (size_at(*spec, "ephemeralContainers") > 0) {
    errors.forbidden(path / "spec" / "ephemeralContainers",
                     "ephemeral containers not allowed in pod template");
  }
}

void deployment(Errors& errors, const Item& object, const Item* old) {
  check_controller(errors, object, old, "deployment");
  const Item& spec = spec_of(object);
  const FieldPath strategy = in_spec("strategy"), rolling = strategy / "rollingUpdate";
  const Item* update = find_at(spec, "strategy.rollingUpdate");
  if (text_at(spec, "strategy.type") == "Recreate") {
    if (update) errors.forbidden(rolling, "may not be specified when strategy `type` is 'Recreate'");
  } else if (update != nullptr) {
    const auto unavailable =
        check_count_or_percent(errors, rolling / "maxUnavailable", update->find("maxUnavailable"));
    const auto surge = check_count_or_percent(errors, rolling / "maxSurge", update->find("maxSurge"));
    if (unavailable == true && surge == true) {
      errors.invalid(rolling / "maxUnavailable", update->find("maxUnavailable"),
                     "may not be 0 when `maxSurge` is 0");
    }
  } else {
    errors.required(rolling, "this should be defaulted and never be nil");
  }
  const Item* deadline = spec.find("progressDeadlineSeconds");
  check_at_least(errors, in_spec("progressDeadlineSeconds"), deadline, 0);
  if (deadline && number_at(spec, "progressDeadlineSeconds") <= number_at(spec, "minReadySeconds")) {
    errors.invalid(in_spec("progressDeadlineSeconds"), number_at(spec, "progressDeadlineSeconds"),
                   "must be greater than minReadySeconds");
  }
}

void replica_set(Errors& errors, const Item& object, const Item* old) {
  check_controller(errors, object, old, "deployment");
}

void daemon_set(Errors& errors, const Item& object, const Item* old) {
  check_controller(errors, object, old, "daemonset");
  const FieldPath rolling = in_spec("updateStrategy") / "rollingUpdate";
  const Item* update = find_at(spec_of(object), "updateStrategy.rollingUpdate");
  if (update == nullptr) return;
  const auto unavailable =
      check_count_or_percent(errors, rolling / "maxUnavailable", update->find("maxUnavailable"));
  const auto surge = check_count_or_percent(errors, rolling / "maxSurge", update->find("maxSurge"));
  if (unavailable == false && surge == false) {
    errors.invalid(rolling / "maxSurge", update->find("maxSurge"),
                   "may not be set when maxUnavailable is non-zero");
  }
  if (unavailable == true && surge == true) {
    errors.invalid(rolling / "maxUnavailable", update->find("maxUnavailable"),
                   "cannot be 0 when maxSurge is 0");
  }
}

void stateful_set(Errors& errors, const Item& object, const Item* old) {
  check_controller(errors, object, nullptr, "statefulset");
  const Item& spec = spec_of(object);
  const std::string_view management = text_at(spec, "podManagementPolicy");
  if (management != "OrderedReady" && management != "Parallel") {
    errors.invalid(in_spec("podManagementPolicy"), management, "must be 'OrderedReady' or 'Parallel'");
  }
  if (old == nullptr) return;
  json::Tree copy = json::Tree::copy_of(spec);
  for (const std::string_view field :
       {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}) {
    const Item* before = spec_of(*old).find(field);
    if (before) copy.root().member(field).copy(*before);
    else copy.root().remove(field);
  }
  if (same(copy.root(), spec_of(*old))) return;
  errors.forbidden(FieldPath("spec"),
                   "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                   "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                   "'minReadySeconds' are forbidden");
}

void replication_controller(Errors& errors, const Item& object, const Item*) {
  const Item& spec = spec_of(object);
  check_at_least(errors, in_spec("replicas"), spec.find("replicas"), 0);
  check_at_least(errors, in_spec("minReadySeconds"), spec.find("minReadySeconds"), 0);
  const Item* selector = spec.find("selector");
  if (selector == nullptr || selector->size() == 0) {
    errors.required(in_spec("selector"));
  } else if (!LabelSelector::of_labels(selector).matches(spec.find("template", "metadata", "labels"))) {
    errors.invalid(in_spec("template") / "metadata" / "labels", spec.find("template", "metadata", "labels"),
                   "`selector` does not match template `labels`");
  }
  check_template(errors, in_spec("template"), spec.find("template"));
  if (const Item* pod = spec.find("template", "spec")) {
    check_restart_policy(errors, in_spec("template") / "spec", *pod, {"Always"});
  }
}

namespace {

void check_job_spec(Errors& errors, const FieldPath& path, const Item& spec) {
  for (const std::string_view field :
       {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
        "backoffLimitPerIndex", "maxFailedIndexes"}) {
    check_at_least(errors, path / field, spec.find(field), 0);
  }
  constexpr std::int64_t indexed_parallelism_max = 100'000;
  constexpr std::size_t manager_max = 63;
  if (text_at(spec, "completionMode") == "Indexed") {
    if (!spec.find("completions")) errors.required(path / "completions", "when completion mode is Indexed");
    const std::int64_t parallelism = number_at(spec, "parallelism");
    if (parallelism > indexed_parallelism_max) {
      errors.invalid(
          path / "parallelism", parallelism,
          text("must be less than or equal to {} when completion mode is Indexed", indexed_parallelism_max));
    }
  }
  if (text_at(spec, "managedBy").size() > manager_max) errors.too_long(path / "managedBy", manager_max);
  check_template(errors, path / "template", spec.find("template"));
  const Item* pod = spec.find("template", "spec");
  if (pod == nullptr) return;
  if (spec.find("podFailurePolicy")) {
    if (text_at(*pod, "restartPolicy") != "Never") {
      errors.invalid(path / "template" / "spec" / "restartPolicy", text_at(*pod, "restartPolicy"),
                     "only \"Never\" is supported when podFailurePolicy is specified");
    }
    return;
  }
  check_restart_policy(errors, path / "template" / "spec", *pod, {"OnFailure", "Never"});
}

}  // namespace

void job(Errors& errors, const Item& object, const Item* old) {
  const Item& spec = spec_of(object);
  check_job_spec(errors, FieldPath("spec"), spec);
  if (old == nullptr) return;
  const Item& before = spec_of(*old);
  const bool startable = is_true_at(before, "suspend") && !find_at(*old, "status.startTime");
  for (const std::string_view field : {"selector", "template", "completionMode", "podFailurePolicy",
                                       "backoffLimitPerIndex", "successPolicy", "managedBy"}) {
    if (field == "template" && startable) continue;
    check_immutable(errors, in_spec(field), spec.find(field), before.find(field));
  }
  const bool elastic = text_at(spec, "completionMode") == "Indexed" &&
                       same_or_absent(spec.find("completions"), spec.find("parallelism"));
  if (!elastic)
    check_immutable(errors, in_spec("completions"), spec.find("completions"), before.find("completions"));
}

namespace {

// Five fields of numbers, names, *, ranges, lists and steps; or a word such as @daily.
bool is_schedule(std::string_view schedule) {
  for (const std::string_view word :
       {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}) {
    if (schedule == word) return true;
  }
  if (schedule.starts_with("@every ")) return true;
  std::size_t fields = 0;
  bool inside = false;
  for (const char c : schedule) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        std::string_view("*/,-?").contains(c);
    if (!letter && c != ' ' && c != '\t') return false;
    if (letter && !inside) ++fields;
    inside = letter;
  }
  return fields == 5;
}

}  // namespace

void cron_job(Errors& errors, const Item& object, const Item*) {
  const Item& spec = spec_of(object);
  constexpr std::size_t name_max = 52;  // eleven characters are added for its jobs
  const std::string_view name = text_at(object, "metadata.name"), schedule = text_at(spec, "schedule");
  if (name.size() > name_max) {
    errors.invalid(FieldPath("metadata.name"), name, text("must be no more than {} characters", name_max));
  }
  if (schedule.empty()) {
    errors.required(in_spec("schedule"));
  } else if (schedule.contains("TZ")) {
    errors.invalid(in_spec("schedule"), schedule,
                   "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  } else if (!is_schedule(schedule)) {
    errors.invalid(in_spec("schedule"), schedule,
                   text("expected exactly 5 fields, found {}: [{}]", 0, schedule));
  }
  for (const std::string_view field :
       {"startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"}) {
    check_at_least(errors, in_spec(field), spec.find(field), 0);
  }
  const Item* job = spec.find("jobTemplate", "spec");
  if (job == nullptr) return errors.required(in_spec("jobTemplate") / "spec" / "template");
  const FieldPath path = in_spec("jobTemplate") / "spec";
  if (job->find("selector"))
    errors.invalid(path / "selector", job->find("selector"), "`selector` will be auto-generated");
  check_job_spec(errors, path, *job);
}

void autoscaler(Errors& errors, const Item& object, const Item*) {
  const Item& spec = spec_of(object);
  check_at_least(errors, in_spec("minReplicas"), spec.find("minReplicas"), 1);
  const std::int64_t most = number_at(spec, "maxReplicas");
  if (most < 1) errors.invalid(in_spec("maxReplicas"), most, "must be greater than 0");
  if (most < number_at(spec, "minReplicas")) {
    errors.invalid(in_spec("maxReplicas"), most, "must be greater than or equal to `minReplicas`");
  }
  for (const std::string_view field : {"kind", "name"}) {
    const std::string_view value = text_at(spec, std::string("scaleTargetRef.").append(field));
    const FieldPath path = in_spec("scaleTargetRef") / field;
    if (value.empty()) errors.required(path);
    else errors.invalid_each(path, value, check_path_segment(value));
  }
  std::size_t index = 0;
  for (const Item& metric : children(spec.find("metrics"))) {
    const FieldPath path = (in_spec("metrics"))[index++];
    if (text_at(metric, "type").empty()) errors.required(path / "type", "must specify a metric source type");
    std::size_t sources = 0;
    for (const Item& source : children(&metric)) {
      if (source.key() == "type") continue;
      if (++sources > 1) errors.forbidden(path / source.key(), "must populate the given metric source only");
    }
  }
}

void disruption_budget(Errors& errors, const Item& object, const Item*) {
  const Item& spec = spec_of(object);
  const Item* least = spec.find("minAvailable");
  const Item* most = spec.find("maxUnavailable");
  if (least && most)
    errors.invalid(FieldPath("spec"), &spec, "minAvailable and maxUnavailable cannot be both set");
  check_count_or_percent(errors, in_spec("minAvailable"), least);
  check_count_or_percent(errors, in_spec("maxUnavailable"), most);
  check_label_selector(errors, in_spec("selector"), spec.find("selector"));
}

void controller_revision(Errors& errors, const Item& object, const Item* old) {
  check_at_least(errors, FieldPath("revision"), object.find("revision"), 0);
  if (!object.find("data")) errors.required(FieldPath("data"), "data is mandatory");
  if (old != nullptr) check_immutable(errors, FieldPath("data"), object.find("data"), old->find("data"));
}

}  // namespace podo::kube::rules
