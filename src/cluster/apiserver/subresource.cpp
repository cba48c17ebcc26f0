#include "cluster/apiserver/subresource.h"

#include "model/kube/path.h"
#include "model/schema/convert.h"
#include "model/strategy/strategy.h"

namespace podo::apiserver {
namespace {

using json::Item;
using kube::FieldPath;

Result<> check_approval(Request& request, const Item& view) {
  bool approved = false, denied = false;
  for (const Item& condition : kube::children_at(view, "status.conditions")) {
    approved = approved || kube::text_at(condition, "type") == "Approved";
    denied = denied || kube::text_at(condition, "type") == "Denied";
  }
  if (!approved || !denied) return {};
  kube::Errors errors;
  errors.invalid(FieldPath("status.conditions"), "Approved,Denied",
                 "Approved and Denied conditions are mutually exclusive");
  return request.refuse(kube::invalid(*request.resource, request.info.name, errors));
}

}  // namespace

bool is_scale(const Request& request) { return request.info.subresource == "scale"; }

Result<json::Tree> view_of(const Request& request, const Item& object) {
  if (is_scale(request)) return strategy::scale_of(object, *request.resource);
  return json::Tree::copy_of(object);
}

Result<std::string> view_json(const Request& request, std::string object_json) {
  if (!is_scale(request)) return object_json;
  const json::Tree object = TRY(json::Tree::parse(std::move(object_json)));
  const json::Tree scale = TRY(strategy::scale_of(object.root(), *request.resource));
  return schema::canonical(scale.root(), *request.subresource->type);
}

Result<Whole> with_part(Request& request, json::Tree view, const Current& current) {
  const std::string_view part = request.info.subresource;
  if (part == "scale") {
    Whole whole{json::Tree::copy_of(current.object.root()), {}};
    strategy::apply_scale(whole.object.root(), view.root());
    return whole;
  }
  if (part == "approval") TRY(check_approval(request, view.root()));
  return Whole{std::move(view), {.part = part}};
}

}  // namespace podo::apiserver
