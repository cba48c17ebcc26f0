// TaintNodesByCondition: nothing runs on a new node until somebody has seen that it is ready.
// DefaultTolerationSeconds: a pod stays five minutes with a node that fails, unless it says otherwise.
#include "cluster/admission/plugin.h"

namespace podo::admission {
namespace {

using kube::text_at;

constexpr std::string_view not_ready = "node.kubernetes.io/not-ready";
constexpr std::string_view unreachable = "node.kubernetes.io/unreachable";
constexpr std::int64_t patience_s = 300;

bool tolerates(const Item& pod, std::string_view key) {
  for (const Item& toleration : kube::children_at(pod, "spec.tolerations")) {
    const std::string_view of = text_at(toleration, "key"), effect = text_at(toleration, "effect");
    if ((of == key || of.empty()) && (effect == "NoExecute" || effect.empty())) return true;
  }
  return false;
}

}  // namespace

Result<> taint_new_node(const Review& review, Item& object) {
  if (!review.is("", "nodes") || !review.creates()) return {};
  for (const Item& taint : kube::children_at(object, "spec.taints"))
    if (text_at(taint, "key") == not_ready && text_at(taint, "effect") == "NoSchedule") return {};
  Item& taint = object.member("spec").member("taints").append();
  taint.add("key").set_string(not_ready);
  taint.add("effect").set_string("NoSchedule");
  return {};
}

Result<> tolerate_node_failures(const Review& review, Item& object) {
  if (!review.is("", "pods")) return {};
  for (const std::string_view key : {not_ready, unreachable}) {
    if (tolerates(object, key)) continue;
    Item& toleration = object.member("spec").member("tolerations").append();
    toleration.add("key").set_string(key);
    toleration.add("operator").set_string("Exists");
    toleration.add("effect").set_string("NoExecute");
    toleration.add("tolerationSeconds").set_number(patience_s);
  }
  return {};
}

}  // namespace podo::admission
