#include "cluster/apiserver/delete.h"

#include <algorithm>

#include "cluster/admission/admission.h"
#include "cluster/apiserver/verbs.h"
#include "model/kube/path.h"
#include "model/schema/convert.h"
#include "model/strategy/strategy.h"

namespace podo::apiserver {
namespace {

using json::Item;

// Kinds whose deletion is answered with the object, not with a Status (their operations in OpenAPI say so).
bool answers_with_object(const schema::Resource& resource) {
  constexpr std::string_view plurals[] = {"pods",
                                          "services",
                                          "serviceaccounts",
                                          "podtemplates",
                                          "persistentvolumes",
                                          "csidrivers",
                                          "csinodes",
                                          "storageclasses",
                                          "volumeattachments",
                                          "persistentvolumeclaims",
                                          "resourcequotas",
                                          "deviceclasses",
                                          "resourceclaims",
                                          "resourceslices",
                                          "resourceclaimtemplates",
                                          "volumeattributesclasses"};
  return std::find(std::begin(plurals), std::end(plurals), resource.plural) != std::end(plurals);
}

Result<> check_preconditions(Request& request, const Current& current, const DeleteWish& wish) {
  const std::string_view uid = kube::text_at(current.object.root(), "metadata.uid");
  const std::string revision = text("{}", current.stored.revision());
  std::string why;
  if (!wish.uid.empty() && wish.uid != uid)
    why = text(
        "the UID in the precondition ({}) does not match the UID in record ({}). The object might have "
        "been deleted and then recreated",
        wish.uid, uid);
  else if (!wish.resource_version.empty() && wish.resource_version != revision)
    why = text(
        "the ResourceVersion in the precondition ({}) does not match the ResourceVersion in record "
        "({}). The object might have been modified",
        wish.resource_version, revision);
  if (why.empty()) return {};
  return request.refuse(kube::conflict(*request.resource, current.stored.name(), why));
}

Task<void> admit_removal(Call& call, const Item& old, bool dry_run) {
  const std::string name(kube::text_at(old, "metadata.name"));
  const admission::Attributes attributes{.operation = admission::Operation::remove,
                                         .resource = *call.resource,
                                         .subresource = "",
                                         .name_space = call.info.name_space,
                                         .name = name,
                                         .user = call.user,
                                         .dry_run = dry_run,
                                         .warnings = call.warnings};
  co_await call.parts.ground.admission.admit(attributes, call.refuse, nullptr, &old);
  co_await call.parts.ground.admission.validate(attributes, call.refuse, nullptr, &old);
}

void warn_of_orphans(Request& request, const DeleteWish& wish) {
  if (!wish.propagation.empty() || request.resource->plural != "jobs") return;
  request.warnings.emplace_back(
      "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
      "them or set propagationPolicy=Orphan to suppress this warning");
}

Task<std::string> save_marked(Call& call, const Item& object, const Current& current) {
  json::Tree stored = json::Tree::copy_of(object);
  if (call.storage != call.resource) co_await strategy::convert(stored.root(), *call.resource, *call.storage);
  auto saved = co_await call.parts.ground.objects
                   .update(key_of(call, std::string(current.stored.name())), current.stored.revision(),
                           schema::canonical(stored.root(), *call.storage->type))
                   .result();
  if (!saved && is_conflict(saved.error()))
    co_await call.refuse(kube::modified(*call.resource, current.stored.name()));
  co_return json_for(call, co_await std::move(saved));
}

}  // namespace

Task<Deleted> delete_stored(Call& call, const Current& current, const DeleteWish& wish) {
  co_await check_preconditions(call, current, wish);
  co_await admit_removal(call, current.object.root(), wish.dry_run);
  warn_of_orphans(call, wish);
  json::Tree copy = json::Tree::copy_of(current.object.root());
  const Item& object = copy.root();
  Deleted deleted{.json = {}, .uid = std::string(kube::text_at(object, "metadata.uid"))};
  deleted.gone = mark_deleted(copy.root(), *call.resource, wish, call.ground.clock.wall());
  if (!deleted.gone && !wish.dry_run) {
    deleted.json = co_await save_marked(call, object, current);
    co_return deleted;
  }
  if (!wish.dry_run) co_await remove_stored(call, current);
  deleted.json = schema::canonical(object, *call.resource->type);
  co_return deleted;
}

Task<Deleted> delete_named(Call& call, std::string name, const DeleteWish& wish) {
  for (int i = 1;; ++i) {
    auto found = co_await call.parts.ground.objects.find(key_of(call, name));
    if (!found) co_await call.refuse(kube::not_found(*call.resource, name));
    json::Tree object = co_await tree_for(call, *found);
    const Current current{*std::move(found), std::move(object)};
    auto deleted = co_await delete_stored(call, current, wish).result();
    const bool raced = !deleted && deleted.error().message().contains("has been modified");
    if (raced && i < conflict_tries) continue;
    co_return std::move(deleted);
  }
}

Task<void> delete_object(Call& call) {
  const DeleteWish wish = co_await read_delete_options(call);
  Deleted deleted = co_await delete_named(call, call.info.name, wish);
  if (deleted.gone && !answers_with_object(*call.resource))
    co_return co_await answer_status(call, kube::deleted(*call.resource, call.info.name, deleted.uid));
  const int status = !deleted.gone && wish.accepted_is_enough ? 202 : 200;
  co_await answer_object(call, status, std::move(deleted.json));
}

}  // namespace podo::apiserver
