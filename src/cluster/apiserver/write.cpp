#include "cluster/apiserver/write.h"

#include <algorithm>

#include "cluster/admission/admission.h"
#include "cluster/api_request/answer.h"
#include "cluster/apiserver/hooks.h"
#include "model/kube/defaults.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"
#include "model/kube/validate.h"
#include "model/schema/convert.h"
#include "model/strategy/strategy.h"

namespace podo::apiserver {
namespace {

using json::Item;

constexpr int name_tries = 8;
constexpr std::size_t generated_bytes_max = 63, random_letters = 5;

// No vowels and nothing that looks like another: no words come out.
std::string random_suffix(Random& random) {
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (std::size_t i = 0; i < random_letters; ++i) out += letters[random.below(letters.size())];
  return out;
}

std::string generated_name(std::string_view base, Random& random) {
  return std::string(base.substr(0, generated_bytes_max - random_letters)) + random_suffix(random);
}

Wall wall_of(const Request& request) { return request.ground.clock.wall(); }

admission::Attributes attributes_of(Request& request, admission::Operation operation, const Item& object,
                                    bool dry_run) {
  return {.operation = operation,
          .resource = *request.resource,
          .subresource = request.info.subresource,
          .name_space = request.info.name_space,
          .name = kube::text_at(object, "metadata.name"),
          .user = request.user,
          .dry_run = dry_run,
          .warnings = request.warnings};
}

// What the server alone says about a new object.
void stamp_new(Request& request, Item& metadata) {
  for (const std::string_view field :
       {"uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"})
    metadata.remove(field);
  metadata.member("creationTimestamp").set_string(kube::time_text(wall_of(request)));
}

// What of metadata stays as it was, whatever is sent.
void keep_metadata(Item& now, const Item& old) {
  for (const std::string_view field : {"uid", "creationTimestamp"})
    if (const Item* value = old.find(field); value != nullptr && now.find(field) == nullptr)
      now.member(field).copy(*value);
  for (const std::string_view field : {"deletionTimestamp", "deletionGracePeriodSeconds"})
    if (const Item* value = old.find(field)) now.member(field).copy(*value);
  now.remove("selfLink");
  now.remove("resourceVersion");
}

// Canonical JSON of the version that is stored.
Result<std::string> stored_json(const Request& request, const Item& object) {
  if (request.storage == request.resource) return schema::canonical(object, *request.resource->type);
  json::Tree copy = json::Tree::copy_of(object);
  TRY(strategy::convert(copy.root(), *request.resource, *request.storage));
  return schema::canonical(copy.root(), *request.storage->type);
}

Task<void> admit(Call& call, admission::Operation operation, Item& object, const Item* old, bool dry_run) {
  const auto attributes = attributes_of(call, operation, object, dry_run);
  co_await call.parts.ground.admission.admit(attributes, call.refuse, &object, old);
  kube::apply_defaults(object, *call.resource->type, wall_of(call));
}

Task<void> admit_finally(Call& call, admission::Operation operation, const Item& object, const Item* old,
                         bool dry_run) {
  const auto attributes = attributes_of(call, operation, object, dry_run);
  co_await call.parts.ground.admission.validate(attributes, call.refuse, &object, old);
}

Result<> check(Request& request, const Item& object, const kube::Errors& errors) {
  if (errors.empty()) return {};
  return request.refuse(kube::invalid(*request.resource, kube::text_at(object, "metadata.name"), errors));
}

Task<std::string> save_named(Call& call, json::Tree now, const WriteOptions& options, bool applied) {
  Item& object = now.root();
  stamp_new(call, object.member("metadata"));
  stamp_requester(call, object);
  strategy::prepare_create(object, *call.resource, wall_of(call));  // what goes is nobody's field
  kube::apply_defaults(object, *call.resource->type, wall_of(call));
  if (!applied) co_await patch::track(nullptr, object, *call.resource, manager_of(call, options));
  // What is made of the uid, as a Job's selector is, is nobody's field either.
  object.member("metadata").member("uid").set_string(kube::make_uid(call.parts.ground.random));
  co_await admit(call, admission::Operation::create, object, nullptr, options.dry_run);
  strategy::prepare_create(object, *call.resource, wall_of(call));
  co_await check(call, object, kube::validate(object, *call.resource));
  co_await check_grants(call, object, nullptr);
  std::string name(kube::text_at(object, "metadata.name"));
  // Known before quotas are charged, and told to a dry run as well.
  if (co_await call.parts.ground.objects.find(key_of(call, name)))
    co_await call.refuse(kube::already_exists(*call.resource, name));
  co_await admit_finally(call, admission::Operation::create, object, nullptr, options.dry_run);
  Reservation reserved = co_await reserve_addresses(call, object, nullptr, options.dry_run);
  if (options.dry_run) co_return schema::canonical(object, *call.resource->type);
  auto made = co_await call.parts.ground.objects
                  .create(key_of(call, name), co_await stored_json(call, object), reserved.alongside())
                  .result();
  if (!made && made.error().kind() == ErrorKind::already_exists)
    co_await call.refuse(kube::already_exists(*call.resource, name));
  const objects::Object stored = co_await std::move(made);
  reserved.keep();
  co_return json_for(call, stored);
}

Failure no_unique_name(Request& request, const Error& error) {
  kube::Status status = request.refuse.take(error);
  status.message += ", the server was not able to generate a unique name for the object";
  status.retry_after_s = 1;
  return request.refuse(std::move(status));
}

Result<> check_uid(Request& request, const Item& now, const Item& old) {
  const std::string_view wanted = kube::text_at(now, "metadata.uid");
  const std::string_view there = kube::text_at(old, "metadata.uid");
  if (wanted.empty() || wanted == there) return {};
  const std::string_view name = kube::text_at(old, "metadata.name");
  return request.refuse(kube::conflict(
      *request.resource, name,
      text("StorageError: invalid object, Code: 4, Key: /registry{}, ResourceVersion: 0, "
           "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
           key_of(request, std::string(name)).to_text(), wanted, there)));
}

}  // namespace

objects::Key key_of(const Request& request) { return key_of(request, request.info.name); }

objects::Key key_of(const Request& request, std::string name) {
  return {.resource = request.storage,
          .name_space = request.resource->namespaced ? request.info.name_space : "",
          .name = std::move(name)};
}

patch::Manager manager_of(const Request& request, const WriteOptions& options, bool applies) {
  return {.name = options.manager,
          .applies = applies,
          .api_version = std::string(request.resource->group_version->api_version),
          .subresource = request.info.subresource,
          .at = request.ground.clock.wall()};
}

bool is_conflict(const Error& error) { return error.kind() == ErrorKind::conflict; }

bool is_due(const Item& object) {
  return kube::find_at(object, "metadata.deletionTimestamp") != nullptr &&
         kube::size_at(object, "metadata.finalizers") == 0 && kube::size_at(object, "spec.finalizers") == 0 &&
         kube::number_at(object, "metadata.deletionGracePeriodSeconds") == 0;
}

Result<> check_place(Request& request, Item& object) {
  Item& metadata = object.member("metadata");
  const std::string name(kube::text_at(object, "metadata.name"));
  const std::string name_space(kube::text_at(object, "metadata.namespace"));
  const bool creates = request.info.name.empty();
  if (!creates && name.empty())
    return request.refuse(kube::bad_request(
        text("the name of the object ({} based on URL) was undeterminable: name must be provided",
             request.info.name)));
  if (!creates && name != request.info.name)
    return request.refuse(kube::bad_request(text(
        "the name of the object ({}) does not match the name on the URL ({})", name, request.info.name)));
  if (!request.resource->namespaced) {
    metadata.remove("namespace");
    return {};
  }
  if (!name_space.empty() && name_space != request.info.name_space)
    return request.refuse(kube::bad_request(
        creates ? "the namespace of the provided object does not match the namespace sent on the request"
                : text("the namespace of the object ({}) does not match the namespace on the request ({})",
                       name_space, request.info.name_space)));
  metadata.member("namespace").set_string(request.info.name_space);
  return {};
}

Task<std::string> save_new(Call& call, json::Tree now, const WriteOptions& options, bool applied) {
  const Item& object = now.root();
  if (!kube::text_at(object, "metadata.resourceVersion").empty())
    co_await call.refuse({.code = 500,
                          .reason = "",
                          .message = "resourceVersion should not be set on objects to be created",
                          .group = "",
                          .kind = "",
                          .name = ""});
  const std::string base(kube::text_at(object, "metadata.generateName"));
  const bool generates = kube::text_at(object, "metadata.name").empty() && !base.empty();
  if (!generates) co_return co_await save_named(call, std::move(now), options, applied);
  for (int i = 1;; ++i) {
    json::Tree copy = json::Tree::copy_of(object);
    copy.root().member("metadata").member("name").set_string(generated_name(base, call.parts.ground.random));
    auto saved = co_await save_named(call, std::move(copy), options, applied).result();
    if (saved || saved.error().kind() != ErrorKind::already_exists) co_return std::move(saved);
    if (i == name_tries) co_await no_unique_name(call, saved.error());
  }
}

Task<std::optional<Current>> find_current(Call& call) {
  auto found = co_await call.parts.ground.objects.find(key_of(call));
  if (!found) co_return std::nullopt;
  json::Tree object = co_await tree_for(call, *found);
  co_return Current{*std::move(found), std::move(object)};
}

Task<Current> get_current(Call& call) {
  auto found = co_await find_current(call);
  if (!found) co_await call.refuse(kube::not_found(*call.resource, call.info.name));
  co_return *std::move(found);
}

Task<Saved> save_update(Call& call, json::Tree now, const Current& current, const WriteOptions& options,
                        How how) {
  Item& object = now.root();
  const Item& old = current.object.root();
  co_await check_uid(call, object, old);
  keep_metadata(object.member("metadata"), *old.find("metadata"));
  if (!how.own) strategy::prepare_update(object, old, *call.resource, how.part, wall_of(call));
  kube::apply_defaults(object, *call.resource->type, wall_of(call));
  const auto managers = call.forgets_managers ? patch::History::forgotten : patch::History::kept;
  if (!how.applied) co_await patch::track(&old, object, *call.resource, manager_of(call, options), managers);
  co_await admit(call, admission::Operation::update, object, &old, options.dry_run);
  if (!how.own) strategy::prepare_update(object, old, *call.resource, how.part, wall_of(call));
  if (!how.own) co_await check(call, object, kube::validate_update(object, old, *call.resource, how.part));
  co_await check_grants(call, object, &old);
  co_await admit_finally(call, admission::Operation::update, object, &old, options.dry_run);
  patch::keep_times(old, object);
  Reservation reserved = co_await reserve_addresses(call, object, &old, options.dry_run);
  const bool due = is_due(object);
  if (due || options.dry_run) {
    if (due && !options.dry_run) co_await remove_stored(call, current);
    object.member("metadata").member("resourceVersion").set_string(text("{}", current.stored.revision()));
    co_return Saved{schema::canonical(object, *call.resource->type), due};
  }
  auto saved = co_await call.parts.ground.objects
                   .update(key_of(call), current.stored.revision(), co_await stored_json(call, object),
                           reserved.alongside())
                   .result();
  if (!saved && is_conflict(saved.error()))
    co_await call.refuse(kube::modified(*call.resource, call.info.name));
  const objects::Object stored = co_await std::move(saved);
  reserved.keep();
  co_return Saved{co_await json_for(call, stored)};
}

Task<void> remove_stored(Call& call, const Current& current) {
  Reservation freed = free_addresses(call, current.object.root());
  const std::string name(current.stored.name());
  auto removed = co_await call.parts.ground.objects
                     .remove(key_of(call, name), current.stored.revision(), freed.alongside())
                     .result();
  if (!removed && removed.error().kind() == ErrorKind::not_found)
    co_await call.refuse(kube::not_found(*call.resource, name));
  if (!removed && is_conflict(removed.error())) co_await call.refuse(kube::modified(*call.resource, name));
  co_await std::move(removed);
  freed.keep();
}

}  // namespace podo::apiserver
