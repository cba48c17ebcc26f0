#include "cluster/apiserver/verbs.h"
#include "cluster/apiserver/write.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"

namespace podo::apiserver {
namespace {

using json::Item;

Result<> check_binding(Request& request, const Item& binding) {
  constexpr std::string_view kinds[] = {"Node", "<empty>"};
  kube::Errors errors;
  const std::string_view kind = kube::text_at(binding, "target.kind");
  if (!kind.empty() && kind != "Node") errors.not_supported(kube::FieldPath("target.kind"), kind, kinds);
  if (kube::text_at(binding, "target.name").empty()) errors.required(kube::FieldPath("target.name"));
  if (errors.empty()) return {};
  return request.refuse(kube::invalid("Binding", "", request.info.name, errors));
}

Result<> check_same_name(Request& request, const Item& binding) {
  const std::string_view name = kube::text_at(binding, "metadata.name");
  if (name == request.info.name) return {};
  return request.refuse(kube::bad_request(
      text("the name of the object ({}) does not match the name on the URL ({})", name, request.info.name)));
}

Failure refuse_binding(Request& request, std::string_view why) {
  kube::Status status = kube::conflict(*request.resource, request.info.name, why);
  status.kind = "pods/binding";
  status.message = text("Operation cannot be fulfilled on pods/binding \"{}\": {}", request.info.name, why);
  return request.refuse(std::move(status));
}

// A pod of the same name that came after the one that was meant is another one.
Result<> check_same_uid(Request& request, const Item& binding, const Item& pod) {
  const std::string_view meant = kube::text_at(binding, "metadata.uid"),
                         uid = kube::text_at(pod, "metadata.uid");
  if (meant.empty() || meant == uid) return {};
  return refuse_binding(
      request, text("Precondition failed: UID in precondition: {}, UID in object meta: {}", meant, uid));
}

Result<> check_pod(Request& request, const Item& pod) {
  const std::string_view name = request.info.name;
  if (kube::find_at(pod, "metadata.deletionTimestamp") != nullptr)
    return refuse_binding(request, text("pod {} is being deleted, cannot be assigned to a host", name));
  if (const auto node = kube::text_at(pod, "spec.nodeName"); !node.empty())
    return refuse_binding(request, text("pod {} is already assigned to node \"{}\"", name, node));
  if (kube::size_at(pod, "spec.schedulingGates") != 0)
    return refuse_binding(request, text("pod {} has non-empty .spec.schedulingGates", name));
  return {};
}

void set_scheduled(Item& pod, Wall now) {
  Item& conditions = pod.member("status").member("conditions");
  conditions.keep_if([](const Item& item) { return kube::text_at(item, "type") != "PodScheduled"; });
  Item& condition = conditions.append();
  condition.member("type").set_string("PodScheduled");
  condition.member("status").set_string("True");
  condition.member("lastTransitionTime").set_string(kube::time_text(now));
}

void bind(Item& pod, const Item& binding, Wall now) {
  pod.member("spec").member("nodeName").set_string(kube::text_at(binding, "target.name"));
  for (const std::string_view map : {"annotations", "labels"})
    for (const Item& entry : kube::children(binding.find("metadata", map)))
      pod.member("metadata").member(map).member(entry.key()).copy(entry);
  set_scheduled(pod, now);
}

}  // namespace

// The scheduler's word: this pod runs on that node. Once.
Task<void> bind_pod(Call& call) {
  const WriteOptions options = co_await read_write_options(call, "CreateOptions");
  const schema::Struct* type = call.ground.schema.find_root("v1", "Binding");
  ENSURE(type != nullptr);
  const json::Tree binding = co_await read_object(call, {*type, "v1", "Binding"}, options.validation);
  // What was authorized is the name of the path; only POST /bindings has none.
  if (!call.info.name.empty()) co_await check_same_name(call, binding.root());
  call.info.name = kube::text_at(binding.root(), "metadata.name");
  call.resource = call.storage = &call.parts.ground.objects.resource("", "pods");
  call.subresource = nullptr;
  call.info.subresource = "binding";
  co_await check_binding(call, binding.root());
  for (int i = 1;; ++i) {
    const Current current = co_await get_current(call);
    co_await check_same_uid(call, binding.root(), current.object.root());
    co_await check_pod(call, current.object.root());
    json::Tree pod = json::Tree::copy_of(current.object.root());
    bind(pod.root(), binding.root(), call.ground.clock.wall());
    const How how{.part = "", .applied = false, .own = true};
    auto saved = co_await save_update(call, std::move(pod), current, options, how).result();
    if (!saved && is_conflict(saved.error()) && i < conflict_tries) continue;
    co_await std::move(saved);
    break;
  }
  kube::Status bound = kube::bad_request("");
  bound.code = 201;
  bound.reason = bound.message = "";
  co_await answer_status(call, bound);
}

}  // namespace podo::apiserver
