#include "cluster/admission/quota_counter.h"

#include <algorithm>

#include "base/io/timer.h"
#include "cluster/admission/known.h"
#include "cluster/admission/quota_scope.h"
#include "cluster/admission/quota_usage.h"
#include "model/kube/path.h"
#include "model/schema/convert.h"

namespace podo::admission {
namespace {

using json::Item;
using strategy::amounts_of;

// Deletions come in bursts: they are counted together.
constexpr Duration gather = milliseconds(50);
constexpr Duration afterwards = seconds(1);
// What was charged for and then failed to be stored is given back so much later.
constexpr Duration charged_for_nothing = seconds(30);

bool is_counted(const Item& quota, const Amounts& hard, const Amounts& used) {
  return json::same(kube::part_at(quota, "status.hard"), kube::part_at(quota, "spec.hard")) &&
         amounts_of(kube::find_at(quota, "status.used")) == used && !hard.empty();
}

// Whether less may be used than before.
bool may_give_back(const schema::Resource& resource, const objects::Change& change) {
  if (change.kind != objects::Change::Kind::modified) return change.kind == objects::Change::Kind::deleted;
  const bool is_pod = resource.plural == "pods" && resource.group_version->group.empty();
  return !is_pod || has_ended(change.item());
}

}  // namespace

io::Task<void> QuotaCounter::start() {
  quotas_ = co_await objects::Mirror::start(
      objects_, objects_.resource("", "resourcequotas"),
      [this](const objects::Object& before, const objects::Object& now) { see(before, now); });
  group_.spawn(count_what_is_marked(), "count quotas");
}

// What admission or this writes is the status.
void QuotaCounter::see(const objects::Object& before, const objects::Object& now) {
  if (!now) return;
  const json::Tree then = read(before ? &before : nullptr), is = read(&now);
  if (!before || !json::same(kube::part_at(then.root(), "spec"), kube::part_at(is.root(), "spec")))
    return mark(now.name_space());
  if (charged_.emplace(now.name_space()).second)
    group_.spawn(count_charged(std::string(now.name_space())), "count what was charged");
}

io::Task<void> QuotaCounter::count_charged(std::string name_space) {
  co_await io::sleep(charged_for_nothing);
  charged_.erase(name_space);
  mark(name_space);
}

void QuotaCounter::mark(std::string_view name_space) {
  marked_.emplace(name_space);
  changed_.notify_all();
}

io::Task<void> QuotaCounter::count_what_is_marked() {
  for (;;) {
    while (marked_.empty()) co_await changed_.wait();
    co_await io::sleep(gather);
    const std::set<std::string, std::less<>> marked = std::exchange(marked_, {});
    for (const std::string& name_space : marked) {
      const Result<void> done = co_await count(name_space).result();
      if (done) continue;
      if (done.error().kind() == ErrorKind::cancelled) co_return;  // the store was closed
      marked_.insert(name_space);                                  // somebody was faster
    }
  }
}

io::Task<void> QuotaCounter::count(std::string name_space) {
  const objects::ListPage page = co_await objects_.list(objects_.resource("", "resourcequotas"), name_space);
  for (const objects::Object& quota : page.objects) co_await count_quota(quota);
}

io::Task<void> QuotaCounter::count_quota(objects::Object stored) {
  const schema::Resource& quotas = objects_.resource("", "resourcequotas");
  json::Tree quota = co_await stored.tree();
  follow_what_counts(quota.root());
  const std::string name_space(stored.name_space());
  const Amounts hard = amounts_of(kube::find_at(quota.root(), "spec.hard"));
  const Amounts used = co_await count_usage(objects_, name_space, quota.root(), hard);
  if (is_counted(quota.root(), hard, used)) co_return;
  write_status(quota.root(), hard, used);
  const objects::Key key{&quotas, name_space, std::string(stored.name())};
  co_await objects_.update(key, stored.revision(), schema::canonical(quota.root(), *quotas.type));
  group_.spawn(count_later(name_space), "count quotas again");
}

io::Task<void> QuotaCounter::count_later(std::string name_space) {
  co_await io::sleep(afterwards);
  mark(name_space);
}

void QuotaCounter::follow_what_counts(const Item& quota) {
  const Amounts hard = amounts_of(kube::find_at(quota, "spec.hard"));
  for (const schema::GroupVersion& version : objects_.schema().group_versions()) {
    for (const schema::Resource& resource : version.resources) {
      const auto concerns = [&](const auto& one) { return counts_for(resource, one.first); };
      const bool is_stored = resource.namespaced && resource.stored_as == version.api_version;
      if (!is_stored || std::ranges::none_of(hard, concerns) || !followed_.insert(&resource).second) continue;
      group_.spawn(follow(resource), "follow what quotas count");
    }
  }
}

// A watch that fell behind has missed something: all namespaces are counted.
io::Task<void> QuotaCounter::follow(const schema::Resource& resource) {
  for (;;) {
    const Result<void> ended = co_await follow_changes(resource).result();
    if (ended.error().kind() == ErrorKind::cancelled) co_return;
    quotas_->each("", [this](const objects::Object& quota) { mark(quota.name_space()); });
    co_await io::sleep(afterwards);
  }
}

io::Task<void> QuotaCounter::follow_changes(const schema::Resource& resource) {
  const std::unique_ptr<objects::Changes> changes = co_await objects_.watch(resource, "");
  for (;;) {
    const objects::Changes::News news = co_await changes->next();
    for (const objects::ChangePtr& change : news.changes) {
      bool limited = false;
      quotas_->each(change->now.name_space(), [&](const objects::Object&) { limited = true; });
      if (limited && may_give_back(resource, *change)) mark(change->now.name_space());
    }
  }
}

}  // namespace podo::admission
