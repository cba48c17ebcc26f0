#include <string>

#include "model/kube/default_rules.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"

namespace podo::kube::rules {

void network_policy_spec(Item& spec, Wall) {
  if (size_at(spec, "policyTypes") > 0) return;
  spec.member("policyTypes").append().set_string("Ingress");
  if (size_at(spec, "egress") > 0) spec.find("policyTypes")->append().set_string("Egress");
}

void subject(Item& subject, Wall) {
  const std::string_view kind = text_at(subject, "kind");
  if (kind == "User" || kind == "Group") set_if_unset(subject, "apiGroup", "rbac.authorization.k8s.io");
}

void device_request(Item& request, Wall) {
  const std::string_view mode = text_at(request, "allocationMode");
  if ((mode.empty() || mode == "ExactCount") && is_unset(request, "count"))
    request.member("count").set_number(1);
}

void device_taint(Item& taint, Wall now) { set_if_unset(taint, "timeAdded", time_text(now)); }

void resource_mapping(Item& mapping, Wall) { set_if_unset(mapping, "allocationMultiplier", "1"); }

void custom_resource_definition(Item& definition, Wall) {
  Item& names = definition.member("spec").member("names");
  const std::string kind(text_at(names, "kind"));
  if (!kind.empty()) {
    std::string lower = kind;
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    set_if_unset(names, "singular", lower);
    set_if_unset(names, "listKind", kind + "List");
  }
  if (size_at(definition, "status.storedVersions") > 0) return;
  for (const Item& version : children_at(definition, "spec.versions")) {
    if (!is_true_at(version, "storage")) continue;
    definition.member("status").member("storedVersions").append().set_string(text_at(version, "name"));
    return;
  }
}

}  // namespace podo::kube::rules
