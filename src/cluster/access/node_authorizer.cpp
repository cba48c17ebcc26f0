#include "cluster/access/node_authorizer.h"

#include <algorithm>
#include <initializer_list>

#include "cluster/access/default_roles.h"
#include "cluster/access/rules.h"
#include "model/kube/selectors.h"

namespace podo::access {
namespace {

constexpr std::string_view node_prefix = "system:node:";

Verdict allow() { return {.decision = Decision::allow}; }
Verdict none(std::string reason = {}) { return {.reason = std::move(reason)}; }
bool is_read(std::string_view verb) { return verb == "get" || verb == "list" || verb == "watch"; }
bool is_one_of(std::string_view verb, std::initializer_list<std::string_view> verbs) {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

Verdict related(bool reached, std::string_view node) {
  return reached ? allow() : none(text("no relationship found between node '{}' and this object", node));
}

bool selects(const Attributes& wanted, std::string_view field, std::string_view value) {
  if (wanted.field_selector.empty()) return false;
  const auto selector = kube::FieldSelector::parse(wanted.field_selector);
  const std::string* exact = selector ? selector->exact(field) : nullptr;
  return exact != nullptr && *exact == value;
}

// One object, by its name; `why` is absent when that is what is wanted.
std::string_view not_one(const Attributes& wanted, bool lists) {
  const bool fits = lists ? is_read(wanted.verb) : wanted.verb == "get";
  if (!fits)
    return lists ? "can only read resources of this type" : "can only get individual resources of this type";
  if (!wanted.subresource.empty()) return "cannot get subresource";
  if (wanted.name.empty()) return "No Object name found";
  if (lists && wanted.name_space.empty()) return "can only read namespaced object of this type";
  return {};
}

Verdict own_lease(std::string_view node, const Attributes& wanted) {
  if (!is_one_of(wanted.verb, {"get", "create", "update", "patch", "delete"}))
    return none("can only get, create, update, patch, or delete a node lease");
  if (wanted.name_space != "kube-node-lease")
    return none("can only access leases in the \"kube-node-lease\" system namespace");
  if (wanted.verb != "create" && wanted.name != node)
    return none("can only access node lease with the same name as the requesting node");
  return allow();
}

Verdict own_csi_node(std::string_view node, const Attributes& wanted) {
  if (!is_one_of(wanted.verb, {"get", "create", "update", "patch", "delete"}))
    return none("can only get, create, update, patch, or delete a CSINode");
  if (!wanted.subresource.empty()) return none("cannot authorize CSINode subresources");
  if (wanted.verb != "create" && wanted.name != node)
    return none("can only access CSINode with the same name as the requesting node");
  return allow();
}

Verdict own_slices(std::string_view node, const Attributes& wanted) {
  if (!wanted.subresource.empty()) return none("cannot authorize ResourceSlice subresources");
  // Whose slice it is admission looks at: here is no object.
  if (is_one_of(wanted.verb, {"create", "get", "update", "patch", "delete"})) return allow();
  if (is_one_of(wanted.verb, {"list", "watch", "deletecollection"}) && selects(wanted, "spec.nodeName", node))
    return allow();
  return none("can only list/watch/deletecollection resourceslices with nodeName field selector");
}

}  // namespace

std::string_view node_of(const User& user) {
  if (!user.name.starts_with(node_prefix) || !user.is_in("system:nodes")) return {};
  return std::string_view(user.name).substr(node_prefix.size());
}

NodeAuthorizer::NodeAuthorizer(const NodeGraph& graph) : graph_(graph) {
  for (DefaultRole& role : default_roles())
    if (role.name == "system:node") rules_ = std::move(role.rules);
}

Verdict NodeAuthorizer::authorize(const User& user, const Attributes& wanted) const {
  const std::string_view node = node_of(user);
  if (node.empty())
    return user.is_in("system:nodes") && user.name == node_prefix ? none("unknown node") : none();
  return decide(node, wanted);
}

Verdict NodeAuthorizer::decide(std::string_view node, const Attributes& wanted) const {
  if (wanted.is_resource) {
    if (wanted.group.empty()) return core(node, wanted);
    if (wanted.group == "storage.k8s.io") return storage(node, wanted);
    if (wanted.group == "coordination.k8s.io" && wanted.resource == "leases") return own_lease(node, wanted);
    if (wanted.group == "resource.k8s.io" && wanted.resource == "resourceslices")
      return own_slices(node, wanted);
    if (wanted.group == "resource.k8s.io" && wanted.resource == "resourceclaims") {
      if (const auto why = not_one(wanted, false); !why.empty()) return none(std::string(why));
      return related(graph_.reaches(node, Related::resource_claim, wanted.name_space, wanted.name), node);
    }
  }
  return by_rules(wanted);
}

Verdict NodeAuthorizer::by_rules(const Attributes& wanted) const {
  const bool allowed =
      std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) { return matches(rule, wanted); });
  return allowed ? allow() : none();
}

Verdict NodeAuthorizer::core(std::string_view node, const Attributes& wanted) const {
  const auto one = [&](Related kind, bool lists) {
    if (const auto why = not_one(wanted, lists); !why.empty()) return none(std::string(why));
    return related(graph_.reaches(node, kind, wanted.name_space, wanted.name), node);
  };
  if (wanted.resource == "secrets") return one(Related::secret, true);
  if (wanted.resource == "configmaps") return one(Related::config_map, true);
  if (wanted.resource == "persistentvolumeclaims") {
    if (wanted.subresource != "status") return one(Related::claim, false);
    if (!is_one_of(wanted.verb, {"update", "patch", "get"}) || wanted.name.empty())
      return none("can only get, update or patch the status of individual resources of this type");
    return related(graph_.reaches(node, Related::claim, wanted.name_space, wanted.name), node);
  }
  if (wanted.resource == "persistentvolumes") {
    if (const auto why = not_one(wanted, false); !why.empty()) return none(std::string(why));
    return related(graph_.reaches_volume(node, wanted.name), node);
  }
  if (wanted.resource == "serviceaccounts") {
    if (wanted.subresource.empty()) return one(Related::account, false);
    if (wanted.verb != "create" || wanted.subresource != "token" || wanted.name.empty())
      return none("can only create tokens for individual service accounts");
    return related(graph_.reaches(node, Related::account, wanted.name_space, wanted.name), node);
  }
  if (wanted.resource == "pods") return pod(node, wanted);
  if (wanted.resource == "nodes") return own_node(node, wanted);
  return by_rules(wanted);
}

Verdict NodeAuthorizer::storage(std::string_view node, const Attributes& wanted) const {
  if (wanted.resource == "csinodes") return own_csi_node(node, wanted);
  if (wanted.resource != "volumeattachments") return by_rules(wanted);
  if (const auto why = not_one(wanted, false); !why.empty()) return none(std::string(why));
  return related(graph_.reaches_attachment(node, wanted.name), node);
}

Verdict NodeAuthorizer::pod(std::string_view node, const Attributes& wanted) const {
  const bool lists = wanted.verb == "list" || wanted.verb == "watch";
  if (wanted.verb != "get" && !lists) return by_rules(wanted);
  if (lists && selects(wanted, "spec.nodeName", node)) return allow();
  if (wanted.name.empty()) return none("can only list/watch pods with spec.nodeName field selector");
  return related(graph_.reaches(node, Related::pod, wanted.name_space, wanted.name), node);
}

Verdict NodeAuthorizer::own_node(std::string_view node, const Attributes& wanted) const {
  const bool lists = wanted.verb == "list" || wanted.verb == "watch";
  if (wanted.verb == "get" && wanted.subresource.empty()) {
    if (wanted.name == node) return allow();
    return none(text("node '{}' cannot read '{}', only its own Node object", node, wanted.name));
  }
  if (!lists) return by_rules(wanted);
  if (wanted.name == node || selects(wanted, "metadata.name", node)) return allow();
  return none(text("node '{}' cannot read all nodes, only its own Node object", node));
}

}  // namespace podo::access
