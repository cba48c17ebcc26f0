#include "cluster/apiserver/delete.h"
#include "model/kube/path.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

using json::Item;
using kube::FieldPath;

constexpr std::string_view policies[] = {"Foreground", "Background", "Orphan", "nil"};

bool is_policy(std::string_view name) {
  return name == "Foreground" || name == "Background" || name == "Orphan";
}

// Query parameters stand in for a body.
Result<> add_query(Request& request, Item& options) {
  const http::Query& query = request.query();
  if (const auto grace = query.find("gracePeriodSeconds")) {
    json::Tree number;
    if (!number.root().copy_text(*grace) || !number.root().as_int64())
      return request.refuse(kube::bad_request(text(
          "Unable to convert query parameter gracePeriodSeconds: \"{}\" is no number of seconds", *grace)));
    options.member("gracePeriodSeconds").copy(number.root());
  }
  if (const auto policy = query.find("propagationPolicy"))
    options.member("propagationPolicy").set_string(*policy);
  if (query.find("orphanDependents"))
    options.member("orphanDependents").set_boolean(request.flag("orphanDependents"));
  for (const std::string_view value : query.all("dryRun"))
    options.member("dryRun").append().set_string(value);
  return {};
}

kube::Errors check(const Item& options) {
  constexpr std::string_view dry_runs[] = {"All"};
  kube::Errors errors;
  const std::string_view policy = kube::text_at(options, "propagationPolicy");
  if (kube::find_at(options, "orphanDependents") != nullptr && !policy.empty())
    errors.invalid(FieldPath("propagationPolicy"), policy,
                   "orphanDependents and deletionPropagation cannot be both set");
  if (!policy.empty() && !is_policy(policy))
    errors.not_supported(FieldPath("propagationPolicy"), policy, policies);
  bool known = true;
  for (const Item& value : kube::children_at(options, "dryRun"))
    known = known && value.string_or("") == "All";
  if (!known) errors.not_supported(FieldPath("dryRun"), *kube::find_at(options, "dryRun"), dry_runs);
  return errors;
}

DeleteWish wish_of(const Item& options) {
  DeleteWish wish;
  if (const Item* grace = kube::find_at(options, "gracePeriodSeconds")) wish.grace_s = grace->as_int64();
  wish.uid = kube::text_at(options, "preconditions.uid");
  wish.resource_version = kube::text_at(options, "preconditions.resourceVersion");
  wish.propagation = kube::text_at(options, "propagationPolicy");
  wish.dry_run = kube::size_at(options, "dryRun") != 0;
  const Item* orphan = kube::find_at(options, "orphanDependents");
  if (orphan != nullptr) wish.propagation = orphan->boolean() ? "Orphan" : "Background";
  wish.accepted_is_enough = wish.propagation == "Foreground" || (orphan != nullptr && !orphan->boolean());
  return wish;
}

}  // namespace

Result<DeleteWish> read_delete_options(Request& request, const Item& options) {
  const kube::Errors errors = check(options);
  if (!errors.empty()) return request.refuse(kube::invalid("DeleteOptions", "meta.k8s.io", "", errors));
  return wish_of(options);
}

Task<DeleteWish> read_delete_options(Request& request) {
  const schema::Struct* type = request.ground.schema.find_type("meta.v1.DeleteOptions");
  ENSURE(type != nullptr);
  std::string bytes = co_await read_body(request);
  json::Tree options;
  if (!bytes.empty()) {
    const auto encoding = body_encoding(request.exchange.headers());
    if (!encoding) co_await request.refuse(kube::unsupported_media_type(encoding.error().message()));
    json::Tree tree = co_await decode_options(request, std::move(bytes), *encoding, *type);
    options = std::move(tree);
  } else {
    co_await add_query(request, options.root());
  }
  co_return read_delete_options(request, options.root());
}

}  // namespace podo::apiserver
