// Questions about access: may somebody do something (SubjectAccessReview and its kin), and what may I in a
// namespace (SelfSubjectRulesReview)? Nothing of them is stored; the answer is the object with its status.

#include "cluster/api_request/body.h"
#include "cluster/apiserver/verbs.h"
#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using json::Item;
using kube::FieldPath;

bool is_self(const Request& request) { return request.resource->plural.starts_with("self"); }

Result<> check_spec(Request& request, const Item& object) {
  const Item* resource = kube::find_at(object, "spec.resourceAttributes");
  const Item* path = kube::find_at(object, "spec.nonResourceAttributes");
  const FieldPath spec("spec");
  kube::Errors errors;
  if (resource != nullptr && path != nullptr)
    errors.invalid(spec / "nonResourceAttributes", path,
                   "cannot be specified in combination with resourceAttributes");
  if (resource == nullptr && path == nullptr)
    errors.invalid(spec / "resourceAttributes", resource,
                   "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  if (!is_self(request) && kube::text_at(object, "spec.user").empty() &&
      !kube::size_at(object, "spec.groups"))
    errors.invalid(spec / "user", "", "at least one of user or group must be specified");
  const bool local = request.resource->plural == "localsubjectaccessreviews";
  if (local && path != nullptr)
    errors.invalid(spec / "nonResourceAttributes", path, "disallowed on this kind of request");
  if (!errors.empty()) return request.refuse(kube::invalid(*request.resource, "", errors));
  if (local && kube::text_at(object, "spec.resourceAttributes.namespace") != request.info.name_space)
    return request.refuse(kube::bad_request(
        text("spec.resourceAttributes.namespace must match namespace: {}", request.info.name_space)));
  return {};
}

access::User subject_of(const Item& object) {
  access::User user{.name = std::string(kube::text_at(object, "spec.user")),
                    .uid = std::string(kube::text_at(object, "spec.uid"))};
  for (const Item& group : kube::children_at(object, "spec.groups"))
    user.groups.emplace_back(group.string_or(""));
  for (const Item& extra : kube::children_at(object, "spec.extra"))
    for (const Item& value : kube::children(&extra))
      user.extra[std::string(extra.key())].emplace_back(value.string_or(""));
  return user;
}

// `spec.nodeName=n1`, also when it comes as requirements.
std::string field_selector_of(const Item& attributes) {
  std::string selector(kube::text_at(attributes, "fieldSelector.rawSelector"));
  for (const Item& term : kube::children_at(attributes, "fieldSelector.requirements")) {
    const Item* values = term.find("values");
    if (kube::text_at(term, "operator") != "In" || values == nullptr || values->size() != 1) continue;
    selector += text("{}{}={}", selector.empty() ? "" : ",", kube::text_at(term, "key"),
                     values->first()->string_or(""));
  }
  return selector;
}

access::Verdict judge(const Call& call, const Item& object, const access::User& user) {
  const access::Access& access = call.parts.ground.access;
  if (const Item* path = kube::find_at(object, "spec.nonResourceAttributes"))
    return access.authorize(
        user,
        {.verb = kube::text_at(*path, "verb"), .path = kube::text_at(*path, "path"), .is_resource = false});
  const Item& wanted = kube::part_at(object, "spec.resourceAttributes");
  const std::string selector = field_selector_of(wanted);
  return access.authorize(user, {.verb = kube::text_at(wanted, "verb"),
                                 .group = kube::text_at(wanted, "group"),
                                 .version = kube::text_at(wanted, "version"),
                                 .resource = kube::text_at(wanted, "resource"),
                                 .subresource = kube::text_at(wanted, "subresource"),
                                 .name_space = kube::text_at(wanted, "namespace"),
                                 .name = kube::text_at(wanted, "name"),
                                 .field_selector = selector});
}

void write_list(Item& into, std::string_view key, const std::vector<std::string>& list) {
  if (list.empty()) return;
  Item& items = into.member(key);
  items.set_array();
  for (const std::string& text : list) items.append().set_string(text);
}

void write_rules(Item& status, const std::vector<access::Rule>& rules) {
  Item& resources = status.member("resourceRules");
  Item& paths = status.member("nonResourceRules");
  resources.set_array();
  paths.set_array();
  for (const access::Rule& rule : rules) {
    if (!rule.resources.empty()) {
      Item& item = resources.append();
      write_list(item, "verbs", rule.verbs);
      write_list(item, "apiGroups", rule.groups);
      write_list(item, "resources", rule.resources);
      write_list(item, "resourceNames", rule.names);
    }
    if (!rule.paths.empty()) {
      Item& item = paths.append();
      write_list(item, "verbs", rule.verbs);
      write_list(item, "nonResourceURLs", rule.paths);
    }
  }
}

Result<> answer_rules(Call& call, Item& object) {
  const std::string_view name_space = kube::text_at(object, "spec.namespace");
  if (name_space.empty()) return call.refuse(kube::bad_request("no namespace on request"));
  const bool node = call.user.is_in("system:nodes");
  const auto rules = call.parts.ground.access.rules_of(call.user, name_space);
  Item& status = object.member("status");
  status.set_object();
  write_rules(status, rules);
  status.member("incomplete").set_boolean(node);
  if (node)
    status.member("evaluationError").set_string("node authorizer does not support user rule resolution");
  return {};
}

Result<> answer_access(Call& call, Item& object) {
  TRY(check_spec(call, object));
  const auto verdict = judge(call, object, is_self(call) ? call.user : subject_of(object));
  Item& status = object.member("status");
  status.set_object();
  status.member("allowed").set_boolean(verdict.decision == access::Decision::allow);
  if (verdict.decision == access::Decision::deny) status.member("denied").set_boolean(true);
  if (!verdict.reason.empty()) status.member("reason").set_string(verdict.reason);
  return {};
}

}  // namespace

Task<void> review_access(Call& call) {
  const WriteOptions options = co_await read_write_options(call, "CreateOptions");
  json::Tree object = co_await read_object(call, wanted_of(call), options.validation);
  if (call.resource->plural == "selfsubjectrulesreviews") co_await answer_rules(call, object.root());
  else co_await answer_access(call, object.root());
  const schema::Struct& type = *call.resource->type;
  co_await answer_other(call, 201, schema::canonical(object.root(), type), type);
}

}  // namespace podo::apiserver
