#include "cluster/apiserver/hooks.h"

#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

bool is(const schema::Resource& resource, std::string_view group, std::string_view plural) {
  return resource.plural == plural && resource.group_version->group == group;
}

// What the garbage collector has to change before it may remove something.
bool changes_only_ownership(const json::Item& now, const json::Item& old) {
  json::Tree then = json::Tree::copy_of(old), is = json::Tree::copy_of(now);
  for (json::Tree* tree : {&then, &is})
    for (const std::string_view field : {"ownerReferences", "finalizers", "managedFields", "resourceVersion"})
      tree->root().member("metadata").remove(field);
  return json::same(then.root(), is.root());
}

}  // namespace

void stamp_requester(const Request& request, json::Item& object) {
  if (!is(*request.resource, "certificates.k8s.io", "certificatesigningrequests")) return;
  json::Item& spec = object.member("spec");
  spec.member("username").set_string(request.user.name);
  spec.member("uid").set_string(request.user.uid);
  json::Item& groups = spec.member("groups");
  groups.set_array();
  for (const std::string& group : request.user.groups) groups.append().set_string(group);
  json::Item& extra = spec.member("extra");
  extra.set_object();
  for (const auto& [key, values] : request.user.extra)
    for (const std::string& value : values) extra.member(key).append().set_string(value);
}

Result<> check_may_create(Call& call) {
  access::Attributes wanted = call.info.attributes();
  wanted.verb = "create";
  const access::Verdict verdict = call.parts.ground.access.authorize(call.user, wanted);
  if (verdict.decision == access::Decision::allow) return {};
  return call.refuse(kube::forbidden(*call.resource, call.info.name,
                                     access::forbidden_message(call.user, wanted, verdict.reason)));
}

Result<> check_grants(Call& call, const json::Item& object, const json::Item* old) {
  if (call.resource->group_version->group != "rbac.authorization.k8s.io") return {};
  if (old != nullptr && changes_only_ownership(object, *old)) return {};
  const auto granted = call.parts.ground.access.check_grant(call.user, call.info.name_space, object);
  if (granted || granted.error().kind() != ErrorKind::denied) return granted;
  return call.refuse(
      kube::forbidden(*call.resource, kube::text_at(object, "metadata.name"), granted.error().message()));
}

Result<Reservation> reserve_addresses(Call& call, json::Item& object, const json::Item* old, bool dry_run) {
  if (!is(*call.resource, "", "services") || !call.info.subresource.empty()) return Reservation();
  kube::Errors errors;
  Reservation reserved = call.parts.addresses->reserve(object, old, errors, call.ground.clock.wall());
  if (!errors.empty())
    return call.refuse(kube::invalid(*call.resource, kube::text_at(object, "metadata.name"), errors));
  if (dry_run) return Reservation();  // what was taken is given back
  return reserved;
}

Reservation free_addresses(Call& call, const json::Item& object) {
  if (!is(*call.resource, "", "services")) return Reservation();
  return call.parts.addresses->free(object);
}

}  // namespace podo::apiserver
