// HorizontalPodAutoscalers of autoscaling/v1 and v2. v1 has one number, the wanted use of CPU; all else that
// v2 says is kept in annotations of v1, as JSON of v1's own (older) forms of metrics:
//
//   autoscaling.alpha.kubernetes.io/metrics          [MetricSpec] but that of CPU use
//   autoscaling.alpha.kubernetes.io/current-metrics  [MetricStatus], all of them
//   autoscaling.alpha.kubernetes.io/conditions       [HorizontalPodAutoscalerCondition]
//   autoscaling.alpha.kubernetes.io/behavior         HorizontalPodAutoscalerBehavior, its names capitalized
//
// A member of v2 is found by a path ("metric.name"); v1 has them side by side ("metricName").
#include <span>
#include <string>

#include "base/core/text.h"
#include "model/strategy/parts.h"

namespace podo::strategy {
namespace {

constexpr std::string_view metrics_key = "autoscaling.alpha.kubernetes.io/metrics";
constexpr std::string_view current_key = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr std::string_view conditions_key = "autoscaling.alpha.kubernetes.io/conditions";
constexpr std::string_view behavior_key = "autoscaling.alpha.kubernetes.io/behavior";

struct Pair {
  std::string_view v1, outer, inner;  // v2: outer, or outer.inner
  bool needed = false;                // v1 always has it: "0" when v2 has not
};
struct Source {
  std::string_view member;  // "object"
  Pair pairs[6];
};

constexpr Source specs[] = {
    {"object",
     {{"target", "describedObject", ""},
      {"metricName", "metric", "name"},
      {"targetValue", "target", "value", true},
      {"selector", "metric", "selector"},
      {"averageValue", "target", "averageValue"}}},
    {"pods",
     {{"metricName", "metric", "name"},
      {"targetAverageValue", "target", "averageValue", true},
      {"selector", "metric", "selector"}}},
    {"resource",
     {{"name", "name", ""},
      {"targetAverageUtilization", "target", "averageUtilization"},
      {"targetAverageValue", "target", "averageValue"}}},
    {"containerResource",
     {{"name", "name", ""},
      {"targetAverageUtilization", "target", "averageUtilization"},
      {"targetAverageValue", "target", "averageValue"},
      {"container", "container", ""}}},
    {"external",
     {{"metricName", "metric", "name"},
      {"metricSelector", "metric", "selector"},
      {"targetValue", "target", "value"},
      {"targetAverageValue", "target", "averageValue"}}},
};
constexpr Source statuses[] = {
    {"object",
     {{"target", "describedObject", ""},
      {"metricName", "metric", "name"},
      {"currentValue", "current", "value", true},
      {"selector", "metric", "selector"},
      {"averageValue", "current", "averageValue"}}},
    {"pods",
     {{"metricName", "metric", "name"},
      {"currentAverageValue", "current", "averageValue", true},
      {"selector", "metric", "selector"}}},
    {"resource",
     {{"name", "name", ""},
      {"currentAverageUtilization", "current", "averageUtilization"},
      {"currentAverageValue", "current", "averageValue", true}}},
    {"containerResource",
     {{"name", "name", ""},
      {"currentAverageUtilization", "current", "averageUtilization"},
      {"currentAverageValue", "current", "averageValue", true},
      {"container", "container", ""}}},
    {"external",
     {{"metricName", "metric", "name"},
      {"metricSelector", "metric", "selector"},
      {"currentValue", "current", "value", true},
      {"currentAverageValue", "current", "averageValue"}}},
};

void metric_to_v1(Item& out, const Item& metric, std::span<const Source> sources) {
  out.member("type").set_string(kube::text_at(metric, "type"));
  for (const Source& source : sources) {
    const Item* from = metric.find(source.member);
    if (from == nullptr) continue;
    Item& to = out.member(source.member);
    to.set_object();
    for (const Pair& pair : source.pairs) {
      if (pair.v1.empty()) break;
      const Item* value = pair.inner.empty() ? from->find(pair.outer) : from->find(pair.outer, pair.inner);
      if (value != nullptr) to.add(pair.v1).copy(*value);
      else if (pair.needed) to.add(pair.v1).set_string("0");
    }
  }
}

// What kind of target it is follows from what is there; v1 wrote 0 where v2 has nothing.
std::string_view target_type(const Item& target) {
  if (target.find("averageUtilization") != nullptr) return "Utilization";
  return target.find("averageValue") != nullptr ? "AverageValue" : "Value";
}

void metric_from_v1(Item& out, const Item& metric, std::span<const Source> sources, bool is_spec) {
  out.member("type").set_string(kube::text_at(metric, "type"));
  for (const Source& source : sources) {
    const Item* from = metric.find(source.member);
    if (from == nullptr) continue;
    Item& to = out.member(source.member);
    to.set_object();
    for (const Pair& pair : source.pairs) {
      const Item* value = pair.v1.empty() ? nullptr : from->find(pair.v1);
      if (value == nullptr || value->is(json::Kind::null)) continue;
      if (pair.needed && value->string_or("") == "0" && source.member != "pods") continue;
      Item& place = to.member(pair.outer);
      (pair.inner.empty() ? place : place.member(pair.inner)).copy(*value);
    }
    if (Item* target = is_spec ? to.find("target") : nullptr) {
      const std::string_view type = target_type(*target);
      target->member("type").set_string(type);
    }
  }
}

bool is_cpu_use(const Item& metric) {
  return kube::text_at(metric, "type") == "Resource" && kube::text_at(metric, "resource.name") == "cpu" &&
         metric.find("resource", "target", "averageUtilization") != nullptr;
}

void annotate(Item& object, std::string_view key, const Item& value) {
  std::string text;
  json::append_text(text, value);
  object.member("metadata").member("annotations").member(key).set_string(text);
}

void drop_annotations(Item& object) {
  Item* annotations = object.find("metadata", "annotations");
  if (annotations == nullptr) return;
  for (const std::string_view key : {metrics_key, current_key, conditions_key, behavior_key})
    annotations->remove(key);
  if (annotations->size() == 0) object.member("metadata").remove("annotations");
}

enum class Case : bool { lower, upper };

// The names of members begin with a letter of that case, at every depth. (Not maps' keys: there are none.)
void recase(Item& out, const Item& in, Case wanted) {
  if (in.is(json::Kind::array)) {
    out.set_array();
    for (const Item& item : kube::children(&in)) recase(out.append(), item, wanted);
  } else if (in.is(json::Kind::object)) {
    out.set_object();
    for (const Item& item : kube::children(&in)) {
      std::string key(item.key());
      const bool is_lower = !key.empty() && key[0] >= 'a' && key[0] <= 'z';
      const bool is_upper = !key.empty() && key[0] >= 'A' && key[0] <= 'Z';
      if (wanted == Case::upper ? is_lower : is_upper) key[0] ^= 0x20;
      recase(out.member(key), item, wanted);
    }
  } else {
    out.copy(in);
  }
}

// Parsed from the annotation; null when there is none. What is no JSON fails, as decoding does.
Result<json::Tree> annotation(const Item& object, std::string_view key) {
  const Item* text = object.find("metadata", "annotations", key);
  if (text == nullptr) return json::Tree();
  return json::Tree::parse(std::string(text->string_or("")));
}

void add_cpu_metric(Item& metrics, std::int64_t percent) {
  Item& metric = metrics.append();
  metric.add("type").set_string("Resource");
  Item& resource = metric.add("resource");
  resource.member("name").set_string("cpu");
  Item& target = resource.add("target");
  target.member("type").set_string("Utilization");
  target.add("averageUtilization").set_number(percent);
}

void status_to_v1(Item& object) {
  Item* status = object.find("status");
  if (status == nullptr) return;
  if (const Item* metrics = status->find("currentMetrics")) {
    json::Tree old_form;
    const Item* percent = nullptr;
    for (const Item& metric : kube::children(metrics)) {
      metric_to_v1(old_form.root().append(), metric, statuses);
      if (kube::text_at(metric, "resource.name") == "cpu" && percent == nullptr)
        percent = metric.find("resource", "current", "averageUtilization");
    }
    if (percent != nullptr) status->member("currentCPUUtilizationPercentage").copy(*percent);
    if (old_form.root().size() != 0) annotate(object, current_key, old_form.root());
  }
  const Item* conditions = status->find("conditions");
  if (conditions != nullptr && conditions->size() != 0) annotate(object, conditions_key, *conditions);
  status->remove("currentMetrics");
  status->remove("conditions");
}

}  // namespace

void autoscaler_to_v1(Item& object) {
  drop_annotations(object);
  Item& spec = object.member("spec");
  json::Tree others;
  for (const Item& metric : kube::children(spec.find("metrics"))) {
    const Item* percent = metric.find("resource", "target", "averageUtilization");
    if (is_cpu_use(metric)) spec.member("targetCPUUtilizationPercentage").copy(*percent);
    else metric_to_v1(others.root().append(), metric, specs);
  }
  if (others.root().size() != 0) annotate(object, metrics_key, others.root());
  if (const Item* behavior = spec.find("behavior")) {
    json::Tree capitalized;
    recase(capitalized.root(), *behavior, Case::upper);
    annotate(object, behavior_key, capitalized.root());
  }
  spec.remove("metrics");
  spec.remove("behavior");
  status_to_v1(object);
}

Result<> autoscaler_from_v1(Item& object) {
  const json::Tree others = TRY(annotation(object, metrics_key));
  const json::Tree current = TRY(annotation(object, current_key));
  const json::Tree conditions = TRY(annotation(object, conditions_key));
  const json::Tree behavior = TRY(annotation(object, behavior_key));
  Item& spec = object.member("spec");
  for (const Item& metric : kube::children(&others.root()))
    metric_from_v1(spec.member("metrics").append(), metric, specs, true);
  if (const Item* percent = spec.find("targetCPUUtilizationPercentage")) {
    add_cpu_metric(spec.member("metrics"), percent->as_int64().value_or(0));
    spec.remove("targetCPUUtilizationPercentage");
  }
  if (behavior.root().is(json::Kind::object)) recase(spec.member("behavior"), behavior.root(), Case::lower);

  Item* status = object.find("status");
  const Item* percent = status ? status->find("currentCPUUtilizationPercentage") : nullptr;
  if (current.root().size() != 0) {
    for (const Item& metric : kube::children(&current.root()))
      metric_from_v1(object.member("status").member("currentMetrics").append(), metric, statuses, false);
  } else if (percent != nullptr) {
    Item& metric = status->member("currentMetrics").append();
    metric.add("type").set_string("Resource");
    metric.add("resource").member("name").set_string("cpu");
    metric.member("resource").add("current").member("averageUtilization").copy(*percent);
  }
  if (status != nullptr) status->remove("currentCPUUtilizationPercentage");
  if (conditions.root().size() != 0) object.member("status").member("conditions").copy(conditions.root());
  drop_annotations(object);
  return {};
}

}  // namespace podo::strategy
