#include "cluster/apiserver/part.h"

#include "cluster/apiserver/parts.h"
#include "model/kube/path.h"
#include "model/schema/convert.h"
#include "model/strategy/strategy.h"

namespace podo::apiserver {
namespace {

using json::Item;
using kube::FieldPath;

void take_over(Item& into, const Item& from, std::string_view parent, std::string_view field) {
  const Item* value = from.find(parent, field);
  if (value != nullptr) into.member(parent).member(field).copy(*value);
  else if (Item* holder = into.find(parent)) holder->remove(field);
}

const Item* named(const Item* list, std::string_view name) {
  for (const Item& item : kube::children(list))
    if (kube::text_at(item, "name") == name) return &item;
  return nullptr;
}

Failure refuse_field(Request& request, std::string_view field, std::string_view why) {
  kube::Errors errors;
  errors.forbidden(FieldPath(field), why);
  return request.refuse(kube::invalid(*request.resource, request.info.name, errors));
}

// They may be added, and never be removed or changed.
Result<> put_ephemeral_containers(Request& request, Item& pod, const Item& view) {
  const Item* wanted = kube::find_at(view, "spec.ephemeralContainers");
  for (const Item& there : kube::children_at(pod, "spec.ephemeralContainers")) {
    const std::string_view name = kube::text_at(there, "name");
    const Item* still = named(wanted, name);
    if (still == nullptr)
      return refuse_field(request, "spec.ephemeralContainers",
                          text("existing ephemeral containers \"{}\" may not be removed\n", name));
    if (!same(*still, there))
      return refuse_field(request, "spec.ephemeralContainers",
                          text("existing ephemeral containers \"{}\" may not be changed\n", name));
  }
  take_over(pod, view, "spec", "ephemeralContainers");
  return {};
}

void put_resources(Item& pod, const Item& view) {
  for (const std::string_view list : {"containers", "initContainers"}) {
    Item* containers = pod.find("spec", list);
    if (containers == nullptr) continue;
    for (Item* container = containers->first(); container != nullptr; container = container->next())
      if (const Item* wanted = named(view.find("spec", list), kube::text_at(*container, "name")))
        if (const Item* resources = wanted->find("resources"))
          container->member("resources").copy(*resources);
  }
}

Result<> put_approval(Request& request, Item& csr, const Item& view, Wall now) {
  bool approved = false, denied = false;
  take_over(csr, view, "status", "conditions");
  Item* conditions = csr.find("status", "conditions");
  if (conditions == nullptr) return {};
  for (Item* condition = conditions->first(); condition != nullptr; condition = condition->next()) {
    approved = approved || kube::text_at(*condition, "type") == "Approved";
    denied = denied || kube::text_at(*condition, "type") == "Denied";
    for (const std::string_view field : {"lastUpdateTime", "lastTransitionTime"})
      if (kube::find_at(*condition, field) == nullptr) condition->member(field).set_string(time_text(now));
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
  if (part.empty()) return Whole{std::move(view), {}};
  if (part == "status") return Whole{std::move(view), {.part = "status"}};
  Whole whole{json::Tree::copy_of(current.object.root()), {}};
  Item& object = whole.object.root();
  if (part == "scale") {
    strategy::apply_scale(object, view.root());
    return whole;
  }
  whole.how = {.part = part, .validated = true};
  const Wall now = request.parts.ground.clock.wall();
  if (part == "ephemeralcontainers") TRY(put_ephemeral_containers(request, object, view.root()));
  else if (part == "resize") put_resources(object, view.root());
  else if (part == "approval") TRY(put_approval(request, object, view.root(), now));
  else if (part == "finalize") take_over(object, view.root(), "spec", "finalizers");
  else return request.refuse(kube::generic(404));
  return whole;
}

}  // namespace podo::apiserver
