#include "cluster/apiserver/write.h"

#include <algorithm>

#include "cluster/admission/admission.h"
#include "cluster/apiserver/answer.h"
#include "cluster/apiserver/hooks.h"
#include "cluster/apiserver/parts.h"
#include "model/kube/defaults.h"
#include "model/kube/path.h"
#include "model/kube/validate.h"
#include "model/schema/convert.h"
#include "model/schema/instant.h"
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

Wall wall_of(const Request& request) { return request.parts.ground.clock.wall(); }

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
  metadata.member("creationTimestamp").set_string(time_text(wall_of(request)));
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

Task<void> admit(Request& request, admission::Operation operation, Item& object, const Item* old,
                 bool dry_run) {
  const auto attributes = attributes_of(request, operation, object, dry_run);
  co_await request.parts.ground.admission.admit(attributes, request.refuse, &object, old);
  kube::apply_defaults(object, *request.resource->type, wall_of(request));
}

Task<void> admit_finally(Request& request, admission::Operation operation, const Item& object,
                         const Item* old, bool dry_run) {
  const auto attributes = attributes_of(request, operation, object, dry_run);
  co_await request.parts.ground.admission.validate(attributes, request.refuse, &object, old);
}

Result<> check(Request& request, const Item& object, const kube::Errors& errors) {
  if (errors.empty()) return {};
  return request.refuse(kube::invalid(*request.resource, kube::text_at(object, "metadata.name"), errors));
}

Task<std::string> save_named(Request& request, json::Tree now, const WriteOptions& options, bool applied) {
  Item& object = now.root();
  stamp_new(request, object.member("metadata"));
  stamp_requester(request, object);
  strategy::prepare_create(object, *request.resource, wall_of(request));  // what goes is nobody's field
  kube::apply_defaults(object, *request.resource->type, wall_of(request));
  if (!applied) co_await patch::track(nullptr, object, *request.resource, manager_of(request, options));
  // What is made of the uid, as a Job's selector is, is nobody's field either.
  object.member("metadata").member("uid").set_string(make_uid(request.parts.ground.random));
  co_await admit(request, admission::Operation::create, object, nullptr, options.dry_run);
  strategy::prepare_create(object, *request.resource, wall_of(request));
  co_await check(request, object, kube::validate(object, *request.resource));
  co_await check_grants(request, object, nullptr);
  std::string name(kube::text_at(object, "metadata.name"));
  // Known before quotas are charged, and told to a dry run as well.
  if (co_await request.parts.ground.objects.find(key_of(request, name)))
    co_await request.refuse(kube::already_exists(*request.resource, name));
  co_await admit_finally(request, admission::Operation::create, object, nullptr, options.dry_run);
  Reservation reserved = co_await reserve_addresses(request, object, nullptr, options.dry_run);
  if (options.dry_run) co_return schema::canonical(object, *request.resource->type);
  auto made = co_await request.parts.ground.objects
                  .create(key_of(request, name), co_await stored_json(request, object), reserved.alongside())
                  .result();
  if (!made && made.error().kind() == ErrorKind::already_exists)
    co_await request.refuse(kube::already_exists(*request.resource, name));
  const objects::Object stored = co_await std::move(made);
  reserved.keep();
  co_return json_for(request, stored);
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

std::string time_text(Wall at) {
  std::int64_t whole = at.ns / 1'000'000'000;
  if (at.ns < 0 && at.ns % 1'000'000'000 != 0) --whole;
  return schema::text_of({.seconds = whole}, schema::Precision::seconds);
}

std::string make_uid(Random& random) {
  unsigned char bytes[16];
  random.fill(std::as_writable_bytes(std::span(bytes)));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);  // RFC 9562: version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < sizeof bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += "0123456789abcdef"[bytes[i] >> 4];
    out += "0123456789abcdef"[bytes[i] & 15];
  }
  return out;
}

patch::Manager manager_of(const Request& request, const WriteOptions& options, bool applies) {
  return {.name = options.manager,
          .applies = applies,
          .api_version = std::string(request.resource->group_version->api_version),
          .subresource = request.info.subresource,
          .at = request.parts.ground.clock.wall()};
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

Task<std::string> save_new(Request& request, json::Tree now, const WriteOptions& options, bool applied) {
  const Item& object = now.root();
  if (!kube::text_at(object, "metadata.resourceVersion").empty())
    co_await request.refuse({.code = 500,
                             .reason = "",
                             .message = "resourceVersion should not be set on objects to be created",
                             .group = "",
                             .kind = "",
                             .name = ""});
  const std::string base(kube::text_at(object, "metadata.generateName"));
  const bool generates = kube::text_at(object, "metadata.name").empty() && !base.empty();
  if (!generates) co_return co_await save_named(request, std::move(now), options, applied);
  for (int i = 1;; ++i) {
    json::Tree copy = json::Tree::copy_of(object);
    copy.root()
        .member("metadata")
        .member("name")
        .set_string(generated_name(base, request.parts.ground.random));
    auto saved = co_await save_named(request, std::move(copy), options, applied).result();
    if (saved || saved.error().kind() != ErrorKind::already_exists) co_return std::move(saved);
    if (i == name_tries) co_await no_unique_name(request, saved.error());
  }
}

Task<std::optional<Current>> find_current(Request& request) {
  auto found = co_await request.parts.ground.objects.find(key_of(request));
  if (!found) co_return std::nullopt;
  json::Tree object = co_await tree_for(request, *found);
  co_return Current{*std::move(found), std::move(object)};
}

Task<Current> get_current(Request& request) {
  auto found = co_await find_current(request);
  if (!found) co_await request.refuse(kube::not_found(*request.resource, request.info.name));
  co_return *std::move(found);
}

Task<Saved> save_update(Request& request, json::Tree now, const Current& current, const WriteOptions& options,
                        How how) {
  Item& object = now.root();
  const Item& old = current.object.root();
  co_await check_uid(request, object, old);
  keep_metadata(object.member("metadata"), *old.find("metadata"));
  if (!how.own) strategy::prepare_update(object, old, *request.resource, how.part, wall_of(request));
  kube::apply_defaults(object, *request.resource->type, wall_of(request));
  const auto managers = request.forgets_managers ? patch::History::forgotten : patch::History::kept;
  if (!how.applied)
    co_await patch::track(&old, object, *request.resource, manager_of(request, options), managers);
  co_await admit(request, admission::Operation::update, object, &old, options.dry_run);
  if (!how.own) strategy::prepare_update(object, old, *request.resource, how.part, wall_of(request));
  if (!how.own)
    co_await check(request, object, kube::validate_update(object, old, *request.resource, how.part));
  co_await check_grants(request, object, &old);
  co_await admit_finally(request, admission::Operation::update, object, &old, options.dry_run);
  patch::keep_times(old, object);
  Reservation reserved = co_await reserve_addresses(request, object, &old, options.dry_run);
  const bool due = is_due(object);
  if (due || options.dry_run) {
    if (due && !options.dry_run) co_await remove_stored(request, current);
    object.member("metadata").member("resourceVersion").set_string(text("{}", current.stored.revision()));
    co_return Saved{schema::canonical(object, *request.resource->type), due};
  }
  auto saved = co_await request.parts.ground.objects
                   .update(key_of(request), current.stored.revision(), co_await stored_json(request, object),
                           reserved.alongside())
                   .result();
  if (!saved && is_conflict(saved.error()))
    co_await request.refuse(kube::modified(*request.resource, request.info.name));
  const objects::Object stored = co_await std::move(saved);
  reserved.keep();
  co_return Saved{co_await json_for(request, stored)};
}

Task<void> remove_stored(Request& request, const Current& current) {
  Reservation freed = free_addresses(request, current.object.root());
  const std::string name(current.stored.name());
  auto removed = co_await request.parts.ground.objects
                     .remove(key_of(request, name), current.stored.revision(), freed.alongside())
                     .result();
  if (!removed && removed.error().kind() == ErrorKind::not_found)
    co_await request.refuse(kube::not_found(*request.resource, name));
  if (!removed && is_conflict(removed.error()))
    co_await request.refuse(kube::modified(*request.resource, name));
  co_await std::move(removed);
  freed.keep();
}

}  // namespace podo::apiserver
