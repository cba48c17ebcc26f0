#include "cluster/controllers/taint_eviction_plan.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

struct Tolerance {
  bool any = false;
  std::optional<Seconds> at_most;  // absent: for ever
};

Tolerance tolerance_of(const json::Item& pod, const kube::Taint& taint) {
  Tolerance tolerance;
  const std::vector<kube::Toleration> tolerations = kube::tolerations_of(kube::part_at(pod, "spec"));
  std::size_t i = 0;
  for (const json::Item& item : kube::children_at(pod, "spec.tolerations")) {
    if (!tolerations[i++].tolerates(taint)) continue;
    tolerance.any = true;
    if (kube::find_at(item, "tolerationSeconds") == nullptr) continue;
    const Seconds time = std::max<Seconds>(kube::number_at(item, "tolerationSeconds"), 0);
    tolerance.at_most = std::min(tolerance.at_most.value_or(time), time);
  }
  return tolerance;
}

}  // namespace

std::optional<Seconds> end_by_taints(const json::Item& pod, const json::Item& node, Seconds seen) {
  std::optional<Seconds> end;
  const std::vector<kube::Taint> taints = kube::taints_of(node);
  std::size_t i = 0;
  for (const json::Item& item : kube::children_at(node, "spec.taints")) {
    const kube::Taint& taint = taints[i++];
    if (!kube::drives_away(taint)) continue;
    const Tolerance tolerance = tolerance_of(pod, taint);
    if (!tolerance.any) return Seconds{0};
    if (!tolerance.at_most) continue;
    Seconds since = time_at(item, "timeAdded");
    if (since == 0) since = seen;
    since = std::max(since, time_at(pod, "metadata.creationTimestamp"));
    end = std::min(end.value_or(since + *tolerance.at_most), since + *tolerance.at_most);
  }
  return end;
}

Write mark_disrupted(const Pod& pod, std::string_view reason, std::string_view message, Seconds now,
                     std::string_view phase) {
  json::Tree patch;
  patch.root().member("metadata").member("uid").set_string(pod.uid);
  json::Item& status = patch.root().member("status");
  if (!phase.empty()) status.member("phase").set_string(phase);
  json::Item& condition = status.member("conditions").append();
  condition.member("type").set_string("DisruptionTarget");
  condition.member("status").set_string("True");
  condition.member("reason").set_string(reason);
  condition.member("message").set_string(message);
  condition.member("lastTransitionTime").set_string(time_text(now));
  return {.verb = Write::Verb::patch,
          .kind = Kind::pod,
          .name_space = pod.name_space,
          .name = pod.name,
          .change = patch.to_text(),
          .subresource = "status"};
}

std::vector<Write> evict_by_taint(const Pod& pod, Seconds now) {
  std::vector<Write> writes;
  writes.push_back(
      mark_disrupted(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now));
  writes.push_back(remove(Kind::pod, pod));
  return writes;
}

}  // namespace podo::controllers
