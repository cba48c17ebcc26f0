#include "cluster/apiserver/hooks.h"
#include "cluster/apiserver/subresource.h"
#include "cluster/apiserver/verbs.h"
#include "model/kube/path.h"
#include "model/strategy/strategy.h"

namespace podo::apiserver {
namespace {

using json::Item;

std::string revision_of(const Item& object) {
  return std::string(kube::text_at(object, "metadata.resourceVersion"));
}

Failure refuse_without_revision(Request& request) {
  kube::Errors errors;
  errors.invalid(kube::FieldPath("metadata.resourceVersion"), std::int64_t{0},
                 "must be specified for an update");
  return request.refuse(kube::invalid(request.resource->plural, request.resource->group_version->group,
                                      request.info.name, errors));
}

// Optimistic locking: what was sent was made of what is stored, or says that it does not matter.
Result<> check_revision(Request& request, const std::string& sent, const Current& current) {
  if (sent.empty() && !strategy::updates_unconditionally(*request.resource) &&
      request.info.subresource.empty())
    return refuse_without_revision(request);
  if (!sent.empty() && sent != text("{}", current.stored.revision()))
    return request.refuse(kube::modified(*request.resource, request.info.name));
  return {};
}

Task<Saved> replace(Call& call, const json::Tree& sent, const Current& current, const WriteOptions& options) {
  Whole whole = co_await with_part(call, json::Tree::copy_of(sent.root()), current);
  co_return co_await save_update(call, std::move(whole.object), current, options, whole.how);
}

Task<void> create_by_update(Call& call, json::Tree object, const WriteOptions& options) {
  if (!call.info.subresource.empty() || !strategy::creates_on_update(*call.resource))
    co_await call.refuse(kube::not_found(*call.resource, call.info.name));
  co_await check_may_create(call);
  std::string made = co_await save_new(call, std::move(object), options);
  co_await answer_object(call, 201, std::move(made));
}

}  // namespace

Task<void> update_object(Call& call) {
  const WriteOptions options = co_await read_write_options(call, "UpdateOptions");
  json::Tree sent = co_await read_object(call, wanted_of(call), options.validation);
  co_await check_place(call, sent.root());
  const std::string revision = revision_of(sent.root());
  for (int i = 1;; ++i) {
    const auto current = co_await find_current(call);
    if (!current) co_return co_await create_by_update(call, std::move(sent), options);
    co_await check_revision(call, revision, *current);
    auto saved = co_await replace(call, sent, *current, options).result();
    const bool again = !saved && is_conflict(saved.error()) && revision.empty() && i < conflict_tries;
    if (again) continue;
    const Saved done = co_await std::move(saved);
    co_return co_await answer_object(call, 200, co_await view_json(call, done.json));
  }
}

}  // namespace podo::apiserver
