// serviceaccounts/NAME/token: a token of the account, bound to it and, if that is asked for, to a pod, a
// secret or a node that is there.

#include <algorithm>

#include "cluster/api_request/body.h"
#include "cluster/apiserver/verbs.h"
#include "cluster/apiserver/write.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"

namespace podo::apiserver {
namespace {

using json::Item;

constexpr std::int64_t shortest_s = 600, longest_s = std::int64_t{1} << 32;

Result<> check_request(Request& request, const Item& object) {
  const std::string_view name = kube::text_at(object, "metadata.name");
  if (!name.empty() && name != request.info.name)
    return request.refuse(kube::bad_request(text(
        "the name of the object ({}) does not match the name on the URL ({})", name, request.info.name)));
  const kube::FieldPath path("spec.expirationSeconds");
  const std::int64_t wanted_s = kube::number_at(object, "spec.expirationSeconds");
  kube::Errors errors;
  if (wanted_s < shortest_s)
    errors.invalid(path, wanted_s, "may not specify a duration less than 10 minutes");
  if (wanted_s > longest_s)
    errors.invalid(path, wanted_s, "may not specify a duration larger than 2^32 seconds");
  if (errors.empty()) return {};
  return request.refuse(kube::invalid("TokenRequest", "authentication.k8s.io", "", errors));
}

Task<json::Tree> get(Call& call, const schema::Resource& resource, std::string name_space, std::string name) {
  const objects::Key key{.resource = &resource, .name_space = std::move(name_space), .name = name};
  const auto found = co_await call.parts.ground.objects.find(key);
  if (!found) co_await call.refuse(kube::not_found(resource, name));
  co_return found->tree();
}

// The object that the token ends with. Its uid is the one asked for, if one was.
Task<void> bind(Call& call, const Item& reference, access::TokenWish& wish) {
  wish.bound_kind = kube::text_at(reference, "kind");
  wish.bound_name = kube::text_at(reference, "name");
  const std::string_view api_version = kube::text_at(reference, "apiVersion");
  const bool known = wish.bound_kind == "Pod" || wish.bound_kind == "Secret" || wish.bound_kind == "Node";
  if (!known || (!api_version.empty() && api_version != "v1"))
    co_await call.refuse(kube::bad_request(
        text("cannot bind token to object of type {}, Kind={}", api_version, wish.bound_kind)));
  objects::Objects& objects = call.parts.ground.objects;
  const std::string_view plural = wish.bound_kind == "Pod"      ? "pods"
                                  : wish.bound_kind == "Secret" ? "secrets"
                                                                : "nodes";
  const schema::Resource& resource = objects.resource("", plural);
  const json::Tree object =
      co_await get(call, resource, resource.namespaced ? wish.name_space : "", wish.bound_name);
  wish.bound_uid = kube::text_at(object.root(), "metadata.uid");
  const std::string_view uid = kube::text_at(reference, "uid");
  if (!uid.empty() && uid != wish.bound_uid)
    co_await call.refuse(kube::conflict(
        resource, wish.bound_name,
        text("the UID in the bound object reference ({}) does not match the UID in record. The object might "
             "have been deleted and then recreated",
             uid)));
  if (wish.bound_kind != "Pod") co_return;
  if (kube::text_at(object.root(), "spec.serviceAccountName") != wish.service_account)
    co_await call.refuse(kube::bad_request(
        text("cannot bind token for serviceaccount \"{}\" to pod running with different serviceaccount name.",
             wish.service_account)));
  wish.node_name = kube::text_at(object.root(), "spec.nodeName");
  if (wish.node_name.empty()) co_return;
  const objects::Key node{
      .resource = &objects.resource("", "nodes"), .name_space = {}, .name = wish.node_name};
  if (const auto found = co_await objects.find(node)) {
    const json::Tree tree = co_await found->tree();
    wish.node_uid = kube::text_at(tree.root(), "metadata.uid");
  }
}

void write_status(Item& object, const access::TokenMade& made, const access::TokenWish& wish) {
  Item& audiences = object.member("spec").member("audiences");
  audiences.set_array();
  for (const std::string& audience : wish.audiences) audiences.append().set_string(audience);
  Item& status = object.member("status");
  status.set_object();
  status.member("token").set_string(made.token);
  status.member("expirationTimestamp").set_string(kube::time_text(made.expires));
}

// What the object is called and when it was made, as of any other that is created.
void write_metadata(Request& request, Item& object) {
  Item& metadata = object.member("metadata");
  metadata.member("name").set_string(request.info.name);
  metadata.member("namespace").set_string(request.info.name_space);
  metadata.member("creationTimestamp").set_string(kube::time_text(request.ground.clock.wall()));
}

}  // namespace

Task<void> create_token(Call& call) {
  const WriteOptions options = co_await read_write_options(call, "CreateOptions");
  const Wanted wanted = wanted_of(call);
  json::Tree object = co_await read_object(call, wanted, options.validation);
  schema::apply_defaults(object.root(), wanted.type);
  co_await check_request(call, object.root());
  const json::Tree account = co_await get(call, *call.resource, call.info.name_space, call.info.name);
  const admission::Attributes attributes{.operation = admission::Operation::create,
                                         .resource = *call.resource,
                                         .subresource = call.info.subresource,
                                         .name_space = call.info.name_space,
                                         .name = call.info.name,
                                         .user = call.user,
                                         .dry_run = options.dry_run,
                                         .warnings = call.warnings};
  admission::Admission& admission = call.parts.ground.admission;
  co_await admission.admit(attributes, call.refuse, &object.root(), nullptr);
  co_await admission.validate(attributes, call.refuse, &object.root(), nullptr);
  access::TokenWish wish{.name_space = call.info.name_space,
                         .service_account = call.info.name,
                         .service_account_uid = std::string(kube::text_at(account.root(), "metadata.uid")),
                         .valid_for_s = kube::number_at(object.root(), "spec.expirationSeconds")};
  for (const Item& audience : kube::children_at(object.root(), "spec.audiences"))
    wish.audiences.emplace_back(audience.string_or(""));
  if (wish.audiences.empty()) wish.audiences.push_back(call.parts.ground.access.issuer());
  if (const Item* reference = kube::find_at(object.root(), "spec.boundObjectRef"))
    co_await bind(call, *reference, wish);
  const access::TokenMade made = co_await call.parts.ground.access.make_token(wish);
  write_metadata(call, object.root());
  write_status(object.root(), made, wish);
  co_await answer_other(call, 201, schema::canonical(object.root(), wanted.type), wanted.type);
}

}  // namespace podo::apiserver
