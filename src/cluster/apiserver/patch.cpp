#include "model/patch/patch.h"

#include "base/format/yaml.h"
#include "cluster/apiserver/hooks.h"
#include "cluster/apiserver/subresource.h"
#include "cluster/apiserver/verbs.h"
#include "model/kube/path.h"
#include "model/patch/apply.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

using json::Item;

struct Patch {
  PatchType type;
  json::Tree content;
  WriteOptions options;
};

Result<> check_options(Request& request, const WriteOptions& options, PatchType type) {
  kube::Errors errors;
  if (type == PatchType::apply && !options.manager_given)
    errors.required(kube::FieldPath("fieldManager"), "is required for apply patch");
  if (type != PatchType::apply && options.force)
    errors.forbidden(kube::FieldPath("force"), "may not be specified for non-apply patch");
  if (errors.empty()) return {};
  return request.refuse(kube::invalid("PatchOptions", "meta.k8s.io", "", errors));
}

Result<json::Tree> parse_patch(Request& request, std::string bytes, PatchType type,
                               std::vector<std::string>& duplicates) {
  if (type == PatchType::apply) {
    auto documents = yaml::to_json(bytes);
    if (!documents)
      return request.refuse(kube::bad_request(text("error decoding YAML: {}", documents.error().message())));
    bytes = documents->empty() ? "null" : std::move(documents->front());
  }
  auto tree = json::Tree::parse(std::move(bytes), {}, duplicates);
  if (!tree)
    return request.refuse(kube::bad_request(text("error decoding patch: {}", tree.error().message())));
  const bool fits = tree->root().is(type == PatchType::json ? json::Kind::array : json::Kind::object);
  if (!fits) return request.refuse(kube::bad_request("error decoding patch: invalid JSON document"));
  return tree;
}

Task<Patch> read_patch(Request& request) {
  const auto type = patch_type(request.exchange.headers());
  if (!type) co_await request.refuse(kube::unsupported_media_type(type.error().message()));
  WriteOptions options = co_await read_write_options(request, "PatchOptions");
  co_await check_options(request, options, *type);
  Strictness found;
  std::string bytes = co_await read_body(request);
  json::Tree content = co_await parse_patch(request, std::move(bytes), *type, found.duplicates);
  if (!found.empty() && options.validation == FieldValidation::strict)
    co_await request.refuse(kube::bad_request(found.error()));
  if (options.validation == FieldValidation::warn)
    for (std::string& warning : found.warnings()) request.warnings.push_back(std::move(warning));
  co_return Patch{*type, std::move(content), std::move(options)};
}

// A patch that can be read, but not be done: 422 without a kind, as upstream; its cause says why.
Failure refuse_patch(Request& request, const Error& error) {
  if (error.kind() == ErrorKind::exhausted)
    return request.refuse({.code = 413,
                           .reason = "RequestEntityTooLarge",
                           .message = error.message(),
                           .group = "",
                           .kind = "",
                           .name = ""});
  kube::Status status{.code = 422,
                      .reason = "Invalid",
                      .message = "the server rejected our request due to an error in our request",
                      .group = "",
                      .kind = "",
                      .name = ""};
  status.causes.push_back({"UnexpectedServerResponse", error.message(), "patch"});
  return request.refuse(std::move(status));
}

Failure refuse_strictly(Request& request, const Patch& patch, const Strictness& found) {
  kube::Errors errors;
  errors.invalid(kube::FieldPath("patch"), patch.content.to_text(), found.error());
  return request.refuse(kube::invalid("", "", "", errors));
}

Result<> shape_patched(Request& request, json::Tree& object, const Patch& patch) {
  Strictness found;
  const Wanted wanted = wanted_of(request);
  const auto shaped = schema::shape(object.root(), wanted.type, {&found.findings});
  if (!shaped) {
    kube::Errors errors;
    errors.invalid(kube::FieldPath("patch"), patch.content.to_text(), shaped.error().message());
    return request.refuse(kube::invalid("", "", "", errors));
  }
  if (found.empty() || patch.options.validation == FieldValidation::ignore) return {};
  if (patch.options.validation == FieldValidation::strict) return refuse_strictly(request, patch, found);
  for (std::string& warning : found.warnings()) request.warnings.push_back(std::move(warning));
  return {};
}

Result<> check_kind_kept(Request& request, const Item& object, const Item& before) {
  for (const std::string_view field : {"apiVersion", "kind"})
    if (kube::text_at(object, field) != kube::text_at(before, field))
      return request.refuse(
          kube::bad_request(text("the {} in the data ({}) does not match the expected {} ({})",
                                 field == "kind" ? "kind" : "API version", kube::text_at(object, field),
                                 field == "kind" ? "kind" : "API version", kube::text_at(before, field))));
  return {};
}

// What the patch makes of the view of an object.
Result<json::Tree> patched(Request& request, const Patch& patch, const Item& view) {
  json::Tree object = json::Tree::copy_of(view);
  const Item& content = patch.content.root();
  Result<> done;
  if (patch.type == PatchType::json) done = patch::json_patch(object, content);
  else if (patch.type == PatchType::strategic)
    done = patch::strategic_patch(object, content, wanted_of(request).type);
  else patch::merge_patch(object.root(), content);
  if (!done && patch.type == PatchType::strategic)
    return request.refuse(kube::bad_request(done.error().message()));
  if (!done) return refuse_patch(request, done.error());
  TRY(check_kind_kept(request, object.root(), view));
  request.forgets_managers = patch::forgets_managers(object.root());
  TRY(shape_patched(request, object, patch));
  return object;
}

struct Patched {
  Saved saved;
  bool created = false;
};

Task<Patched> patch_once(Call& call, const Patch& patch) {
  const Current current = co_await get_current(call);
  const json::Tree view = co_await view_of(call, current.object.root());
  json::Tree now = co_await patched(call, patch, view.root());
  const std::string_view revision = kube::text_at(now.root(), "metadata.resourceVersion");
  if (!revision.empty() && revision != text("{}", current.stored.revision()))
    co_await call.refuse(kube::modified(*call.resource, call.info.name));
  Whole whole = co_await with_part(call, std::move(now), current);
  co_return Patched{co_await save_update(call, std::move(whole.object), current, patch.options, whole.how)};
}

Failure refuse_conflicts(Request& request, const std::vector<patch::Conflict>& conflicts) {
  kube::Status status{.code = 409,
                      .reason = "Conflict",
                      .message = patch::text_of(conflicts),
                      .group = "",
                      .kind = "",
                      .name = ""};
  for (const patch::Conflict& conflict : conflicts)
    status.causes.push_back({"FieldManagerConflict", patch::text_of(conflict), conflict.path});
  return request.refuse(std::move(status));
}

// `live` becomes what applying makes of it.
Result<> apply_to(Request& request, json::Tree& live, const Patch& patch) {
  auto conflicts = patch::apply(
      live, patch.content.root(), *request.resource,
      {.by = manager_of(request, patch.options, true), .force = patch.options.force.value_or(false)});
  if (!conflicts && conflicts.error().kind() == ErrorKind::corrupt)
    return request.refuse({.code = 500,
                           .reason = "",
                           .message = conflicts.error().message(),
                           .group = "",
                           .kind = "",
                           .name = ""});
  if (!conflicts) return request.refuse(kube::bad_request(conflicts.error().message()));
  if (!conflicts->empty()) return refuse_conflicts(request, *conflicts);
  return {};
}

Failure refuse_absent(Request& request, std::string_view uid) {
  return request.refuse(kube::conflict(
      *request.resource, request.info.name,
      text("uid mismatch: the provided object specified uid {}, and no existing object was found", uid)));
}

Task<Patched> create_by_apply(Call& call, const Patch& patch) {
  if (!call.info.subresource.empty()) co_await call.refuse(kube::not_found(*call.resource, call.info.name));
  if (const auto uid = kube::text_at(patch.content.root(), "metadata.uid"); !uid.empty())
    co_await refuse_absent(call, uid);
  co_await check_may_create(call);
  json::Tree object;
  co_await apply_to(call, object, patch);
  co_await shape_patched(call, object, patch);
  if (kube::text_at(object.root(), "metadata.name").empty())
    object.root().member("metadata").member("name").set_string(call.info.name);
  co_await check_place(call, object.root());
  std::string made = co_await save_new(call, std::move(object), patch.options, true);
  co_return Patched{{std::move(made)}, true};
}

Task<Patched> apply_once(Call& call, const Patch& patch) {
  const auto current = co_await find_current(call);
  if (!current) co_return co_await create_by_apply(call, patch);
  json::Tree now = json::Tree::copy_of(current->object.root());
  co_await apply_to(call, now, patch);
  co_await shape_patched(call, now, patch);
  co_await check_place(call, now.root());
  const std::string_view wanted = kube::text_at(patch.content.root(), "metadata.resourceVersion");
  if (!wanted.empty() && wanted != text("{}", current->stored.revision()))
    co_await call.refuse(kube::modified(*call.resource, call.info.name));
  Whole whole = co_await with_part(call, std::move(now), *current);
  whole.how.applied = true;
  co_return Patched{co_await save_update(call, std::move(whole.object), *current, patch.options, whole.how)};
}

}  // namespace

Task<void> patch_object(Call& call) {
  const Patch patch = co_await read_patch(call);
  // A Scale has no managers of its own here: applying one is setting its fields.
  const bool applies = patch.type == PatchType::apply && !is_scale(call);
  for (int i = 1;; ++i) {
    auto done = co_await (applies ? apply_once(call, patch) : patch_once(call, patch)).result();
    const bool raced = !done && (done.error().kind() == ErrorKind::already_exists ||
                                 done.error().message().contains("has been modified"));
    if (raced && i < conflict_tries) continue;
    const Patched result = co_await std::move(done);
    const int status = result.created ? 201 : 200;
    co_return co_await answer_object(call, status, co_await view_json(call, result.saved.json));
  }
}

}  // namespace podo::apiserver
