#include "cluster/apiserver/delete.h"
#include "cluster/apiserver/verbs.h"
#include "model/kube/path.h"
#include "model/kube/selectors.h"
#include "model/kube/stamp.h"
#include "model/schema/convert.h"

namespace podo::apiserver {
namespace {

using json::Item;

// Budgets of the pod's namespace that select it.
Task<std::vector<Current>> budgets_of(Call& call, const Item& pod) {
  objects::Objects& objects = call.parts.ground.objects;
  const schema::Resource& budgets = objects.resource("policy", "poddisruptionbudgets");
  std::vector<Current> found;
  const objects::ListPage page = co_await objects.list(budgets, call.info.name_space);
  for (const objects::Object& budget : page.objects) {
    json::Tree tree = co_await budget.tree();
    const auto selector = co_await kube::LabelSelector::of(kube::find_at(tree.root(), "spec.selector"));
    if (selector.matches(kube::find_at(pod, "metadata.labels")))
      found.push_back(Current{budget, std::move(tree)});
  }
  co_return found;
}

Failure refuse_eviction(Request& request, std::string cause) {
  kube::Status status =
      kube::too_many_requests("Cannot evict pod as it would violate the pod's disruption budget.", 0);
  status.causes.push_back({"DisruptionBudget", std::move(cause), ""});
  return request.refuse(std::move(status));
}

Result<> check_budget(Request& request, const Item& budget) {
  const std::string_view name = kube::text_at(budget, "metadata.name");
  if (kube::number_at(budget, "status.observedGeneration") < kube::number_at(budget, "metadata.generation"))
    return refuse_eviction(request,
                           text("The disruption budget {} is still being processed by the server.", name));
  if (kube::number_at(budget, "status.disruptionsAllowed") > 0) return {};
  return refuse_eviction(request, text("The disruption budget {} needs {} healthy pods and has {} currently",
                                       name, kube::number_at(budget, "status.desiredHealthy"),
                                       kube::number_at(budget, "status.currentHealthy")));
}

// The budget has one disruption less, and knows of which pod.
Task<void> spend(Call& call, const Current& current) {
  json::Tree copy = json::Tree::copy_of(current.object.root());
  Item& status = copy.root().member("status");
  status.member("disruptionsAllowed")
      .set_number(kube::number_at(copy.root(), "status.disruptionsAllowed") - 1);
  status.member("disruptedPods").member(call.info.name).set_string(kube::time_text(call.ground.clock.wall()));
  objects::Objects& objects = call.parts.ground.objects;
  const schema::Resource& budgets = objects.resource("policy", "poddisruptionbudgets");
  const objects::Key key{
      .resource = &budgets, .name_space = call.info.name_space, .name = std::string(current.stored.name())};
  co_await objects.update(key, current.stored.revision(), schema::canonical(copy.root(), *budgets.type));
}

bool needs_no_budget(const Item& pod) {
  const std::string_view phase = kube::text_at(pod, "status.phase");
  return phase == "Succeeded" || phase == "Failed" || phase == "Pending" ||
         kube::find_at(pod, "metadata.deletionTimestamp") != nullptr;
}

Task<void> ask_budget(Call& call, bool dry_run) {
  for (int i = 1;; ++i) {
    const Current pod = co_await get_current(call);
    if (needs_no_budget(pod.object.root())) co_return;
    const std::vector<Current> budgets = co_await budgets_of(call, pod.object.root());
    if (budgets.empty()) co_return;
    if (budgets.size() > 1)
      co_await call.refuse(
          kube::internal_error("This pod has more than one PodDisruptionBudget, which the eviction "
                               "subresource does not support."));
    co_await check_budget(call, budgets.front().object.root());
    if (dry_run) co_return;
    auto spent = co_await spend(call, budgets.front()).result();
    if (!spent && is_conflict(spent.error()) && i < conflict_tries) continue;
    co_await std::move(spent);
    co_return;
  }
}

// Who looks at the pod's end (a Job's policy) learns from it that the pod did not fail by itself.
Task<void> mark_disrupted(Call& call, const DeleteWish& wish) {
  for (int i = 1;; ++i) {
    const Current pod = co_await get_current(call);
    const bool meant = wish.uid.empty() || wish.uid == kube::text_at(pod.object.root(), "metadata.uid");
    if (!meant || !wish.resource_version.empty()) co_return;  // the deletion's to judge
    json::Tree copy = json::Tree::copy_of(pod.object.root());
    Item& conditions = copy.root().member("status").member("conditions");
    for (const Item& known : kube::children(&conditions))
      if (kube::text_at(known, "type") == "DisruptionTarget") co_return;
    Item& condition = conditions.append();
    condition.member("type").set_string("DisruptionTarget");
    condition.member("status").set_string("True");
    condition.member("reason").set_string("EvictionByEvictionAPI");
    condition.member("message").set_string("Eviction API: evicting");
    condition.member("lastTransitionTime").set_string(kube::time_text(call.ground.clock.wall()));
    objects::Objects& objects = call.parts.ground.objects;
    const schema::Resource& pods = objects.resource("", "pods");
    const objects::Key key{.resource = &pods, .name_space = call.info.name_space, .name = call.info.name};
    const auto written =
        co_await objects.update(key, pod.stored.revision(), schema::canonical(copy.root(), *pods.type))
            .result();
    if (written) co_return;
    if (!is_conflict(written.error()) || i == conflict_tries) co_await Failure(written.error());
  }
}

}  // namespace

// A deletion that asks the pod's disruption budget first.
Task<void> evict_pod(Call& call) {
  const WriteOptions options = co_await read_write_options(call, "CreateOptions");
  const json::Tree eviction = co_await read_object(call, wanted_of(call), options.validation);
  DeleteWish wish;
  if (const Item* asked = kube::find_at(eviction.root(), "deleteOptions"))
    wish = co_await read_delete_options(call, *asked);
  wish.dry_run = wish.dry_run || options.dry_run;
  co_await ask_budget(call, wish.dry_run);
  if (!wish.dry_run) co_await mark_disrupted(call, wish);
  co_await delete_named(call, call.info.name, wish);
  kube::Status done = kube::bad_request("");
  done.code = 201;
  done.reason = done.message = "";
  co_await answer_status(call, done);
}

}  // namespace podo::apiserver
