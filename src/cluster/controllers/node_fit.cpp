#include "cluster/controllers/node_fit.h"

#include <algorithm>
#include <charconv>

#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::children_at;
using kube::text_at;

std::optional<std::int64_t> integer(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

bool holds(const json::Item& requirement, std::optional<std::string_view> value) {
  const std::string_view op = text_at(requirement, "operator");
  const auto among = [&] {
    for (const json::Item& each : children_at(requirement, "values"))
      if (value && each.string_or("") == *value) return true;
    return false;
  };
  if (op == "In") return among();
  if (op == "NotIn") return !among();
  if (op == "Exists") return value.has_value();
  if (op == "DoesNotExist") return !value;
  const auto left = integer(value.value_or("")), right = integer(text_at(requirement, "values[0]"));
  if (!left || !right) return false;
  return op == "Gt" ? *left > *right : op == "Lt" && *left < *right;
}

std::optional<std::string_view> label_of(const Node& node, std::string_view key) {
  for (const auto& [name, value] : node.labels)
    if (name == key) return value;
  return std::nullopt;
}

// A term without any requirement selects nothing.
bool term_holds(const json::Item& term, const Node& node) {
  if (kube::size_at(term, "matchExpressions") + kube::size_at(term, "matchFields") == 0) return false;
  for (const json::Item& requirement : children_at(term, "matchExpressions"))
    if (!holds(requirement, label_of(node, text_at(requirement, "key")))) return false;
  for (const json::Item& requirement : children_at(term, "matchFields"))
    if (text_at(requirement, "key") != "metadata.name" || !holds(requirement, node.name)) return false;
  return true;
}

bool tolerates_taint(const json::Item& toleration, const Node::Taint& taint) {
  const std::string_view effect = text_at(toleration, "effect"), key = text_at(toleration, "key");
  if (!effect.empty() && effect != taint.effect) return false;
  if (!key.empty() && key != taint.key) return false;
  const std::string_view op = text_at(toleration, "operator");
  if (op == "Exists") return true;
  return !key.empty() && (op.empty() || op == "Equal") && text_at(toleration, "value") == taint.value;
}

}  // namespace

bool selects(const json::Item& spec, const Node& node) {
  for (const json::Item& label : children_at(spec, "nodeSelector"))
    if (label_of(node, label.key()) != label.string_or("")) return false;
  const json::Item* required =
      kube::find_at(spec, "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution");
  if (required == nullptr) return true;
  for (const json::Item& term : children_at(*required, "nodeSelectorTerms"))
    if (term_holds(term, node)) return true;
  return false;
}

bool tolerates(const json::Item& spec, const Node& node, bool also_no_schedule) {
  return std::ranges::all_of(node.taints, [&](const Node::Taint& taint) {
    if (taint.effect != "NoExecute" && !(also_no_schedule && taint.effect == "NoSchedule")) return true;
    for (const json::Item& toleration : children_at(spec, "tolerations"))
      if (tolerates_taint(toleration, taint)) return true;
    return false;
  });
}

}  // namespace podo::controllers
