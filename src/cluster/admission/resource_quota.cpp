// ResourceQuota: what a namespace may hold. Before an object is stored, its amounts are added to the used
// ones of every quota that it counts for, all of them in one transaction that fails when somebody else was
// faster; then it is tried again with what is there now. What is deleted is given back by who counts
// anew (quota_counter.h), not here.
//
//   status.hard is spec.hard   the quota has been counted: status.used is true
//   else                       it is counted here and now, so that a quota holds from its first moment on
#include "base/core/text.h"
#include "cluster/admission/plugin.h"
#include "cluster/admission/quota_usage.h"
#include "model/schema/convert.h"

namespace podo::admission {
namespace {

using schema::Quantity;
using strategy::amounts_of;

constexpr int tries_max = 100;

struct Charge {
  objects::Key key;
  store::Revision revision = 0;
  std::string json;  // the quota as it will be
};

bool concerns(const Review& review) {
  const Attributes& attributes = review.attributes;
  if (attributes.name_space.empty() || attributes.resource.stored_as.empty()) return false;
  if (review.is("", "pods", "resize")) return review.updates();
  if (!attributes.subresource.empty()) return false;
  return review.creates() || review.is("", "services") || review.is("", "persistentvolumeclaims") ||
         review.is("resource.k8s.io", "resourceclaims");
}

std::string list_of(const Amounts& amounts, const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    const auto at = amounts.find(name);
    out += text("{}{}={}", out.empty() ? "" : ",", name, at == amounts.end() ? "0" : at->second.text());
  }
  return out;
}

// How much more of what the quota limits; never less: giving back is not done here.
Amounts more_of(const Review& review, const Amounts& hard) {
  const schema::Resource& resource = review.attributes.resource;
  const Amounts now = usage_of(resource, *review.object);
  const Amounts before = review.old == nullptr ? Amounts() : usage_of(resource, *review.old);
  Amounts out;
  for (const auto& [name, quantity] : now) {
    if (!hard.contains(name)) continue;
    const auto had = before.find(name);
    const Quantity more = had == before.end() ? quantity : quantity - had->second;
    if (more.sign() > 0) out.emplace(name, more);
  }
  return out;
}

Result<> check_excess(const Review& review, std::string_view quota, const Amounts& more, const Amounts& used,
                      const Amounts& hard) {
  std::vector<std::string> exceeded;
  for (const auto& [name, quantity] : more) {
    const auto is = used.find(name);
    const Quantity sum = is == used.end() ? quantity : is->second + quantity;
    if (sum > hard.at(name)) exceeded.push_back(name);
  }
  if (exceeded.empty()) return {};
  return review.forbid(text("exceeded quota: {}, requested: {}, used: {}, limited: {}", quota,
                            list_of(more, exceeded), list_of(used, exceeded), list_of(hard, exceeded)));
}

// Nothing when the quota is not about the object, or would not change.
Task<std::optional<Charge>> charge(const Review& review, const objects::Object& stored) {
  objects::Objects& objects = review.ground.objects;
  const schema::Resource& quotas = objects.resource("", "resourcequotas");
  json::Tree quota = co_await stored.tree();
  const Amounts hard = amounts_of(kube::find_at(quota.root(), "spec.hard"));
  const std::string name(stored.name());
  bool about = false;
  for (const auto& [resource, quantity] : hard)
    about = about || counts_for(review.attributes.resource, resource);
  if (!about || !is_in_scope(quota.root(), review.attributes.resource, *review.object))
    co_return std::nullopt;
  const std::string missing = unsaid(hard, review.attributes.resource, *review.object);
  if (!missing.empty()) co_await review.forbid(text("failed quota: {}: {}", name, missing));

  const bool counted =
      json::same(kube::part_at(quota.root(), "status.hard"), kube::part_at(quota.root(), "spec.hard"));
  Amounts used = counted
                     ? amounts_of(kube::find_at(quota.root(), "status.used"))
                     : co_await count_usage(objects, std::string(stored.name_space()), quota.root(), hard);
  const Amounts more = more_of(review, hard);
  co_await check_excess(review, name, more, used, hard);
  if (more.empty() && counted) co_return std::nullopt;
  strategy::add(used, more);
  write_status(quota.root(), hard, used);
  co_return Charge{.key = {&quotas, std::string(stored.name_space()), name},
                   .revision = stored.revision(),
                   .json = schema::canonical(quota.root(), *quotas.type)};
}

Task<void> commit(objects::Objects& objects, std::vector<Charge> charges) {
  objects::Alongside others;
  for (std::size_t i = 1; i < charges.size(); ++i) {
    const std::string key = charges[i].key.to_text();
    others.conditions.push_back(store::unchanged_since(key, charges[i].revision));
    others.then.push_back(store::put(key, co_await objects::Object::encode(charges[i].json)));
  }
  Charge& first = charges.front();
  co_await objects.update(first.key, first.revision, std::move(first.json), std::move(others));
}

}  // namespace

Task<void> charge_quotas(const Review& review) {
  if (!concerns(review)) co_return;
  const std::string name_space(review.attributes.name_space);
  std::vector<objects::Object> quotas;
  review.known.quotas->each(name_space, [&](const objects::Object& object) { quotas.push_back(object); });
  for (int i = 0; !quotas.empty(); ++i) {
    std::vector<Charge> charges;
    for (const objects::Object& quota : quotas) {
      std::optional<Charge> one = co_await charge(review, quota);
      if (one) charges.push_back(*std::move(one));
    }
    if (charges.empty() || review.attributes.dry_run) co_return;
    const Result<void> done = co_await commit(review.ground.objects, std::move(charges)).result();
    if (done) co_return;
    const ErrorKind kind = done.error().kind();
    const bool outrun = kind == ErrorKind::conflict || kind == ErrorKind::not_found;
    if (!outrun || i == tries_max) co_await Failure(done.error());
    const schema::Resource& resource = review.ground.objects.resource("", "resourcequotas");
    quotas = (co_await review.ground.objects.list(resource, name_space)).objects;
  }
}

}  // namespace podo::admission
