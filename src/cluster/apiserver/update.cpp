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

Task<Saved> replace(Request& request, const json::Tree& sent, const Current& current,
                    const WriteOptions& options) {
  Whole whole = co_await with_part(request, json::Tree::copy_of(sent.root()), current);
  co_return co_await save_update(request, std::move(whole.object), current, options, whole.how);
}

Task<void> create_by_update(Request& request, json::Tree object, const WriteOptions& options) {
  if (!request.info.subresource.empty() || !strategy::creates_on_update(*request.resource))
    co_await request.refuse(kube::not_found(*request.resource, request.info.name));
  co_await check_may_create(request);
  std::string made = co_await save_new(request, std::move(object), options);
  co_await answer_object(request, 201, std::move(made));
}

}  // namespace

Task<void> update_object(Request& request) {
  const WriteOptions options = co_await read_write_options(request, "UpdateOptions");
  json::Tree sent = co_await read_object(request, wanted_of(request), options.validation);
  co_await check_place(request, sent.root());
  const std::string revision = revision_of(sent.root());
  for (int i = 1;; ++i) {
    const auto current = co_await find_current(request);
    if (!current) co_return co_await create_by_update(request, std::move(sent), options);
    co_await check_revision(request, revision, *current);
    auto saved = co_await replace(request, sent, *current, options).result();
    const bool again = !saved && is_conflict(saved.error()) && revision.empty() && i < conflict_tries;
    if (again) continue;
    const Saved done = co_await std::move(saved);
    co_return co_await answer_object(request, 200, co_await view_json(request, done.json));
  }
}

}  // namespace podo::apiserver
