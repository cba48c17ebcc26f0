// Jobs, deployments, autoscalers, revisions.
#include <algorithm>

#include "model/kube/print_cells.h"
#include "model/kube/selectors.h"
#include "model/schema/instant.h"

namespace podo::kube::cells {

PODO_CELL(job_status) {
  static_cast<void>(path);
  for (const std::string_view type : {"Complete", "Failed"}) {
    if (has_condition(row.object, type)) return put(out, type);
  }
  if (find_at(row.object, "metadata.deletionTimestamp")) return put(out, "Terminating");
  for (const std::string_view type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (has_condition(row.object, type)) return put(out, type);
  }
  put(out, "Running");
}

PODO_CELL(job_completions) {
  static_cast<void>(path);
  const std::int64_t succeeded = number_at(row.object, "status.succeeded");
  const std::int64_t parallelism = number_at(row.object, "spec.parallelism");
  const Item* completions = find_at(row.object, "spec.completions");
  if (completions) return put(out, podo::text("{}/{}", succeeded, completions->as_int64().value_or(0)));
  if (parallelism > 1) return put(out, podo::text("{}/1 of {}", succeeded, parallelism));
  put(out, podo::text("{}/1", succeeded));
}

PODO_CELL(job_duration) {
  static_cast<void>(path);
  const std::string_view start = text_at(row.object, "status.startTime");
  if (start.empty()) return put(out, "");
  const auto end =
      schema::parse_instant(text_at(row.object, "status.completionTime"), schema::Precision::seconds);
  put(out, age_of(start, end ? Wall{end->seconds * 1'000'000'000} : row.now));
}

PODO_CELL(deployment_selector) {
  const auto selector = LabelSelector::of(find_at(row.object, path));
  if (!selector) return put(out, "<invalid>");
  put(out, selector->empty() ? "" : selector->text());
}

namespace {

std::string percent(const Item* amount) {
  const Item* value = amount ? amount->find("averageUtilization") : nullptr;
  return value && value->is(json::Kind::number) ? podo::text("{}%", value->number()) : "";
}

// The current values of the metric that stands at the same place in the status.
const Item* current_of(const Item& scaler, std::size_t index, std::string_view source) {
  const Item* list = find_at(scaler, "status.currentMetrics");
  const Item* metric = list ? list->at(index) : nullptr;
  return metric ? metric->find(source, "current") : nullptr;
}

std::string_view or_unknown(std::string_view value) { return value.empty() ? "<unknown>" : value; }

std::string resource_target(const Item& metric, const Item* current) {
  const std::string_view average = text_at(metric, "target.averageValue"), name = text_at(metric, "name");
  if (!average.empty()) {
    return podo::text("{}: {}/{}", name, or_unknown(current ? text_at(*current, "averageValue") : ""),
                      average);
  }
  const std::string now = percent(current), target = percent(metric.find("target"));
  return podo::text("{}: {}/{}", name, or_unknown(now), target.empty() ? "<auto>" : target);
}

std::string value_target(const Item& metric, const Item* current) {
  const std::string_view average = text_at(metric, "target.averageValue");
  const std::string_view field = average.empty() ? "value" : "averageValue";
  const std::string_view target = average.empty() ? text_at(metric, "target.value") : average;
  return podo::text("{}/{}{}", or_unknown(current ? text_at(*current, field) : ""), target,
                    average.empty() ? "" : " (avg)");
}

std::string target_of(const Item& scaler, const Item& metric, std::size_t index) {
  const std::string_view type = text_at(metric, "type");
  const auto told = [&](std::string_view source, auto format) {
    const Item* found = metric.find(source);
    return found ? format(*found, current_of(scaler, index, source)) : std::string("<unknown type>");
  };
  if (type == "Resource") return told("resource", resource_target);
  if (type == "ContainerResource") return told("containerResource", resource_target);
  if (type == "Object") return told("object", value_target);
  if (type == "External") return told("external", value_target);
  if (type != "Pods") return "<unknown type>";
  return told("pods", [](const Item& pods, const Item* current) {
    return podo::text("{}/{}", or_unknown(current ? text_at(*current, "averageValue") : ""),
                      text_at(pods, "target.averageValue"));
  });
}

}  // namespace

PODO_CELL(autoscaler_targets) {
  static_cast<void>(path);
  constexpr std::size_t shown = 2;
  const std::size_t metrics = size_at(row.object, "spec.metrics");
  if (metrics == 0) return put(out, "<none>");
  std::string told;
  std::size_t index = 0;
  for (const Item& metric : children_at(row.object, "spec.metrics")) {
    if (index == shown) break;
    told += (index > 0 ? ", " : "") + target_of(row.object, metric, index);
    ++index;
  }
  if (metrics > shown) told += podo::text(" + {} more...", metrics - shown);
  put(out, told);
}

PODO_CELL(revision_controller) {
  static_cast<void>(path);
  for (const Item& owner : children_at(row.object, "metadata.ownerReferences")) {
    if (!is_true_at(owner, "controller")) continue;
    const std::string_view version = text_at(owner, "apiVersion");
    const std::size_t slash = version.find('/');
    const std::string group =
        slash == std::string_view::npos ? "" : podo::text(".{}", version.substr(0, slash));
    return put(
        out, podo::text("{}/{}", lower(std::string(text_at(owner, "kind")) + group), text_at(owner, "name")));
  }
  put(out, "<none>");
}

}  // namespace podo::kube::cells
