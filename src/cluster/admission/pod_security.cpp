#include "cluster/admission/pod_security.h"

#include <algorithm>

#include "base/core/text.h"
#include "model/kube/path.h"

namespace podo::admission {
namespace {

bool is_replaced(const Check& check, int minor) {
  return std::ranges::any_of(restricted_checks(), [&](const Check& other) {
    return other.replaces == check.id && other.since <= minor;
  });
}

}  // namespace

std::string Standard::text() const {
  const std::string_view name = level == Level::restricted ? "restricted"
                                : level == Level::baseline ? "baseline"
                                                           : "privileged";
  return minor == latest ? podo::text("{}:latest", name) : podo::text("{}:v1.{}", name, minor);
}

std::string Verdict::text() const {
  std::string out;
  for (const auto& [reason, detail] : violations) {
    out.append(out.empty() ? "" : ", ").append(reason);
    if (!detail.empty()) out.append(" (").append(detail).append(")");
  }
  return out;
}

std::string Verdict::reasons() const {
  std::string out;
  for (const Violation& violation : violations) out.append(out.empty() ? "" : ", ").append(violation.reason);
  return out;
}

Verdict judge(const json::Item* metadata, const json::Item& pod_spec, const Standard& standard) {
  Verdict verdict;
  if (standard.level == Level::privileged) return verdict;
  SecuredPod pod{metadata, pod_spec, standard.minor, {}};
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"})
    for (const json::Item& container : kube::children_at(pod_spec, list))
      pod.containers.push_back(&container);
  const bool restricted = standard.level == Level::restricted;
  for (const Check& check : baseline_checks()) {
    if (check.since <= standard.minor && !(restricted && is_replaced(check, standard.minor)))
      check.run(pod, verdict.violations);
  }
  if (!restricted) return verdict;
  for (const Check& check : restricted_checks())
    if (check.since <= standard.minor) check.run(pod, verdict.violations);
  return verdict;
}

bool SecuredPod::is_windows() const { return kube::text_at(spec, "os.name") == "windows"; }

bool SecuredPod::has_own_users() const {
  const json::Item* shared = spec.find("hostUsers");
  return shared != nullptr && !shared->boolean();
}

void Culprits::container(const json::Item& container) {
  containers_.emplace_back(kube::text_at(container, "name"));
}

std::string Culprits::text() const {
  std::string out = pod_ ? "pod" : "";
  if (!containers_.empty())
    out.append(pod_ ? " and " : "").append(counted("container", "containers", containers_));
  return out;
}

std::string quoted(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "\"" : ", \"").append(name).append("\"");
  return out;
}

std::string counted(std::string_view one, std::string_view many, const std::vector<std::string>& names) {
  return text("{} {}", names.size() == 1 ? one : many, quoted(names));
}

void insert_sorted(std::vector<std::string>& set, std::string_view value) {
  const auto at = std::ranges::lower_bound(set, value);
  if (at == set.end() || *at != value) set.emplace(at, value);
}

}  // namespace podo::admission
