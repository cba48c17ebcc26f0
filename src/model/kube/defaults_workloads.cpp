#include "model/kube/default_rules.h"
#include "model/kube/path.h"

namespace podo::kube::rules {
namespace {

// The object is there for the constants of its fields.
void roll_by_default(Item& spec, std::string_view strategy_field) {
  Item& strategy = spec.member(strategy_field);
  if (!strategy.is(json::Kind::object)) strategy.set_object();
  const std::string_view type = text_at(strategy, "type");
  if (!type.empty() && type != "RollingUpdate") return;
  Item& rolling = strategy.member("rollingUpdate");
  if (rolling.is(json::Kind::null)) rolling.set_object();
}

void scaling_policy(Item& policies, std::string_view type, std::int64_t value) {
  Item& policy = policies.append();
  policy.member("type").set_string(type);
  policy.member("value").set_number(value);
  policy.member("periodSeconds").set_number(15);
}

}  // namespace

void deployment_spec(Item& spec, Wall) { roll_by_default(spec, "strategy"); }
void daemon_set_spec(Item& spec, Wall) { roll_by_default(spec, "updateStrategy"); }

void stateful_set_spec(Item& spec, Wall) {
  if (text_at(spec, "updateStrategy.type").empty()) roll_by_default(spec, "updateStrategy");
  Item* claims = spec.find("volumeClaimTemplates");
  for (Item* claim = claims ? claims->first() : nullptr; claim != nullptr; claim = claim->next()) {
    claim->member("kind").set_string("PersistentVolumeClaim");  // always told
    claim->member("apiVersion").set_string("v1");
  }
}

// For Jobs only: what a CronJob's template leaves open stays so.
void job(Item& job, Wall) {
  Item& spec = job.member("spec");
  if (!spec.find("parallelism")) {
    set_if_unset(spec, "completions", std::int64_t{1});
    spec.member("parallelism").set_number(1);
  }
  const std::int64_t retries = spec.find("backoffLimitPerIndex") ? INT32_MAX : 6;
  set_if_unset(spec, "backoffLimit", retries);
  set_if_unset(spec, "completionMode", "NonIndexed");
  set_flag_if_unset(spec, "suspend", false);
  set_flag_if_unset(spec, "manualSelector", false);
  set_if_unset(spec, "podReplacementPolicy",
               spec.find("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
  take_template_labels(job);
}

void autoscaler_v1_spec(Item& spec, Wall) {
  set_if_unset(spec, "targetCPUUtilizationPercentage", std::int64_t{80});
}

namespace {

void scale_up(Item& rules) {
  set_if_unset(rules, "stabilizationWindowSeconds", std::int64_t{0});
  set_if_unset(rules, "selectPolicy", "Max");
  if (size_at(rules, "policies") > 0) return;
  Item& policies = rules.member("policies");
  scaling_policy(policies, "Pods", 4);
  scaling_policy(policies, "Percent", 100);
}

void scale_down(Item& rules) {
  set_if_unset(rules, "selectPolicy", "Max");
  if (size_at(rules, "policies") == 0) scaling_policy(rules.member("policies"), "Percent", 100);
}

}  // namespace

void autoscaler_spec(Item& spec, Wall) {
  if (size_at(spec, "metrics") == 0) {
    Item& metric = spec.member("metrics").append();
    metric.member("type").set_string("Resource");
    metric.member("resource").member("name").set_string("cpu");
    Item& target = metric.find("resource")->member("target");
    target.member("type").set_string("Utilization");
    target.member("averageUtilization").set_number(80);
  }
  Item* behavior = spec.find("behavior");
  if (behavior == nullptr) return;
  scale_up(behavior->member("scaleUp"));
  scale_down(behavior->member("scaleDown"));
}

}  // namespace podo::kube::rules
