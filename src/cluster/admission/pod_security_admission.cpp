// PodSecurity: a namespace says by its labels which standard its pods must meet (enforce), and which one
// their makers are warned of (warn). What it says of audits has no effect here.
//
//   pod-security.kubernetes.io/enforce: privileged | baseline | restricted
//   pod-security.kubernetes.io/enforce-version: latest | v1.MINOR                 and so for warn and audit
#include <map>

#include "base/core/text.h"
#include "cluster/admission/plugin.h"
#include "cluster/admission/pod_security.h"

namespace podo::admission {
namespace {

using kube::text_at;

constexpr std::string_view label_prefix = "pod-security.kubernetes.io/";
constexpr std::size_t pods_looked_at_max = 3000;

struct Policy {
  Standard enforce, audit, warn;
};

std::optional<Level> level_of(std::string_view text) {
  if (text == "privileged") return Level::privileged;
  if (text == "baseline") return Level::baseline;
  if (text == "restricted") return Level::restricted;
  return {};
}

std::optional<int> minor_of(std::string_view text) {
  if (text == "latest") return Standard::latest;
  if (!text.starts_with("v1.") || text.size() == 3 || text.size() > 8) return {};
  int minor = 0;
  for (const char digit : text.substr(3)) {
    if (digit < '0' || digit > '9') return {};
    minor = minor * 10 + (digit - '0');
  }
  if (text[3] == '0' && text.size() > 4) return {};
  return minor;
}

// What cannot be read counts as the strictest there is.
Policy policy_of(const Item* labels, kube::Errors& errors) {
  Policy policy;
  struct Mode {
    std::string_view name;
    Standard& standard;
  };
  for (const auto& [name, standard] :
       {Mode{"enforce", policy.enforce}, Mode{"audit", policy.audit}, Mode{"warn", policy.warn}}) {
    const std::string level_key = std::string(label_prefix) + std::string(name);
    const std::string version_key = level_key + "-version";
    const kube::FieldPath path = kube::FieldPath("metadata") / "labels";
    if (const Item* label = labels ? labels->find(level_key) : nullptr) {
      const auto level = level_of(label->string_or(""));
      standard.level = level.value_or(Level::restricted);
      if (!level)
        errors.invalid(path.key(level_key), label->string_or(""),
                       "must be one of privileged, baseline, restricted");
    }
    if (const Item* label = labels ? labels->find(version_key) : nullptr) {
      const auto minor = minor_of(label->string_or(""));
      standard.minor = minor.value_or(Standard::latest);
      if (!minor)
        errors.invalid(path.key(version_key), label->string_or(""), "must be \"latest\" or \"v1.x\"");
    }
  }
  return policy;
}

Policy policy_of(const Item* namespace_labels) {
  kube::Errors ignored;
  return policy_of(namespace_labels, ignored);
}

// Most updates of pods change nothing that a standard is about.
bool changes_security(const Item& pod, const Item& old) {
  for (const std::string_view part :
       {"spec.containers", "spec.initContainers", "spec.ephemeralContainers", "metadata.annotations"})
    if (!json::same(kube::part_at(pod, part), kube::part_at(old, part))) return true;
  return false;
}

void warn(const Review& review, const PodPart& part, const Standard& standard) {
  const Verdict verdict = judge(part.metadata, *part.spec, standard);
  if (!verdict.allowed()) {
    review.attributes.warnings.push_back(
        text("would violate PodSecurity \"{}\": {}", standard.text(), verdict.text()));
  }
}

Result<> check_pod(const Review& review, const Policy& policy) {
  const std::string_view subresource = review.attributes.subresource;
  if (!subresource.empty() && subresource != "ephemeralcontainers") return {};
  if (review.old != nullptr && !changes_security(*review.object, *review.old)) return {};
  const PodPart part{review.object->find("metadata"), review.object->find("spec")};
  if (part.spec == nullptr) return {};
  const Verdict verdict = judge(part.metadata, *part.spec, policy.enforce);
  if (!verdict.allowed()) {
    return review.forbid(text("violates PodSecurity \"{}\": {}", policy.enforce.text(), verdict.text()));
  }
  if (!(policy.warn == policy.enforce)) warn(review, part, policy.warn);
  return {};
}

bool is_stricter(const Standard& now, const Standard& before) {
  if (now == before || now.level == Level::privileged) return false;
  return now.level > before.level || now.minor != before.minor;
}

// Pods that run go on running; whoever tightens the standard hears of those that would not be let in again.
Task<void> warn_of_pods(const Review& review, Standard standard) {
  const schema::Resource& pods = review.ground.objects.resource("", "pods");
  const objects::ListPage page =
      co_await review.ground.objects.list(pods, std::string(review.attributes.name), pods_looked_at_max);
  struct Found {
    std::string first;
    int others = 0;
  };
  std::map<std::string, Found> by_reason;
  for (const objects::Object& object : page.objects) {
    const json::Tree pod = read(&object);
    const Item* spec = pod.root().find("spec");
    if (spec == nullptr) continue;
    const Verdict verdict = judge(pod.root().find("metadata"), *spec, standard);
    if (verdict.allowed()) continue;
    const auto [at, is_new] = by_reason.try_emplace(verdict.reasons(), Found{std::string(object.name())});
    if (!is_new) ++at->second.others;
  }
  if (by_reason.empty()) co_return;
  std::vector<std::string>& warnings = review.attributes.warnings;
  warnings.push_back(
      text("existing pods in namespace \"{}\" violate the new PodSecurity enforce level \"{}\"",
           review.attributes.name, standard.text()));
  for (const auto& [reasons, found] : by_reason) {
    std::string others;
    if (found.others == 1) others = " (and 1 other pod)";
    else if (found.others > 1) others = text(" (and {} other pods)", found.others);
    warnings.push_back(text("{}{}: {}", found.first, others, reasons));
  }
}

Task<void> check_namespace_labels(const Review& review) {
  kube::Errors errors;
  const Policy policy = policy_of(kube::find_at(*review.object, "metadata.labels"), errors);
  const bool changed = review.old == nullptr || !json::same(kube::part_at(*review.object, "metadata.labels"),
                                                            kube::part_at(*review.old, "metadata.labels"));
  // What was wrong before does not stop other changes.
  if (!errors.empty() && changed)
    co_await review.refuse(kube::invalid(review.attributes.resource, review.attributes.name, errors));
  if (review.old == nullptr || !changed) co_return;
  const Policy before = policy_of(kube::find_at(*review.old, "metadata.labels"));
  if (is_stricter(policy.enforce, before.enforce)) co_await warn_of_pods(review, policy.enforce);
}

}  // namespace

Task<void> check_pod_security(const Review& review) {
  if (review.is("", "namespaces")) {
    co_await check_namespace_labels(review);
    co_return;
  }
  const PodPart part = pod_part_of(review.attributes.resource, *review.object);
  if (part.spec == nullptr) co_return;
  // Surely: one that was made a moment ago must not count as one without standards.
  const json::Tree name_space = co_await find_surely(review.ground.objects, *review.known.namespaces, "",
                                                     std::string(review.attributes.name_space));
  const Policy policy = policy_of(kube::find_at(name_space.root(), "metadata.labels"));
  if (review.attributes.resource.plural == "pods") {
    co_await check_pod(review, policy);
  } else if (review.attributes.subresource.empty()) {
    warn(review, part, policy.warn);
  }
}

}  // namespace podo::admission
