#include <algorithm>

#include "cluster/workloads/job_plan.h"
#include "cluster/workloads/pod_template.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

constexpr std::string_view finalizer = "batch.kubernetes.io/job-tracking",
                           index_key = "batch.kubernetes.io/job-completion-index",
                           failures_key = "batch.kubernetes.io/job-index-failure-count",
                           index_variable = "JOB_COMPLETION_INDEX";
constexpr Seconds first_backoff = 10, longest_backoff = 600;

void tell_index(json::Item& spec) {
  for (const std::string_view list : {"containers", "initContainers"}) {
    json::Item* containers = spec.find(list);
    for (json::Item* each = containers ? containers->first() : nullptr; each != nullptr;
         each = each->next()) {
      const auto has_it = [&] {
        for (const json::Item& variable : kube::children_at(*each, "env"))
          if (kube::text_at(variable, "name") == index_variable) return true;
        return false;
      };
      if (has_it()) continue;
      json::Item& variable = each->member("env").append();
      variable.member("name").set_string(index_variable);
      variable.member("valueFrom")
          .member("fieldRef")
          .member("fieldPath")
          .set_string(text("metadata.labels['{}']", index_key));
    }
  }
}

}  // namespace

Write remove_finalizer(const Pod& pod) {
  json::Tree patch;
  patch.root()
      .member("metadata")
      .member("$deleteFromPrimitiveList/finalizers")
      .append()
      .set_string(finalizer);
  return {.verb = Write::Verb::patch,
          .kind = Kind::pod,
          .name_space = pod.name_space,
          .name = pod.name,
          .change = patch.to_text()};
}

json::Tree job_pod(const JobInput& in, std::optional<std::int64_t> index, std::int64_t failures) {
  json::Tree tree = pod_of(kube::part_at(in.wanted, "spec.template"), Kind::job, in.self);
  json::Item& metadata = tree.root().member("metadata");
  metadata.member("finalizers").append().set_string(finalizer);
  if (!index) return tree;
  const std::string number = text("{}", *index);
  metadata.member("generateName").set_string(text("{}-{}-", in.self.name, number));
  metadata.member("annotations").member(index_key).set_string(number);
  metadata.member("labels").member(index_key).set_string(number);
  if (kube::find_at(in.wanted, "spec.backoffLimitPerIndex") != nullptr)
    metadata.member("annotations").member(failures_key).set_string(text("{}", failures));
  json::Item& spec = tree.root().member("spec");
  if (kube::text_at(spec, "hostname").empty())
    spec.member("hostname").set_string(text("{}-{}", in.self.name, number));
  tell_index(spec);
  return tree;
}

Seconds job_backoff_left(const Pods& pods, Seconds now) {
  Seconds last_success = 0, last_failure = 0;
  for (const Pod* pod : pods)
    if (pod->phase == Phase::succeeded) last_success = std::max(last_success, pod->finished);
  int failures = 0;
  for (const Pod* pod : pods) {
    if (pod->phase != Phase::failed || (last_success != 0 && pod->finished <= last_success)) continue;
    ++failures;
    last_failure = std::max(last_failure, pod->finished != 0 ? pod->finished : pod->created);
  }
  if (failures == 0) return 0;
  const Seconds wait = std::min(first_backoff << std::min(failures - 1, 10), longest_backoff);
  return std::max<Seconds>(0, last_failure + wait - now);
}

}  // namespace podo::controllers
