// What of a pod may change, and through what: itself (images, and little else), its status, its ephemeral
// containers, its containers' resources.
#include <algorithm>
#include <initializer_list>

#include "base/core/text.h"
#include "model/kube/validate_rules.h"

namespace podo::kube::rules {
namespace {

constexpr std::size_t differences_max = 40;

// Where the two differ, a line for what was and one for what is: `- containers[0].tty: false`.
class Difference {
 public:
  void find(const Item& old, const Item& now, const std::string& path) {
    if (same(old, now) || count_ >= differences_max) return;
    if (old.is(json::Kind::object) && now.is(json::Kind::object)) return members(old, now, path);
    if (old.is(json::Kind::array) && now.is(json::Kind::array) && old.size() == now.size()) {
      std::size_t index = 0;
      const Item* b = now.first();
      for (const Item* a = old.first(); a != nullptr; a = a->next(), b = b->next())
        find(*a, *b, text("{}[{}]", path, index++));
      return;
    }
    line('-', path, &old);
    line('+', path, &now);
  }
  std::string text_ = {};

 private:
  void members(const Item& old, const Item& now, const std::string& path) {
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const Item& before : children(&old)) {
      const Item* after = now.find(before.key());
      const std::string here = prefix + std::string(before.key());
      if (after != nullptr) find(before, *after, here);
      else line('-', here, &before);
    }
    for (const Item& after : children(&now))
      if (old.find(after.key()) == nullptr) line('+', prefix + std::string(after.key()), &after);
  }
  void line(char sign, const std::string& path, const Item* value) {
    ++count_;
    text_ += text("\n{} {}: ", sign, path);
    json::append_text(text_, *value);
  }
  std::size_t count_ = 0;
};

// What an update may change is made equal in a copy; the rest must be so already.
void allow(json::Item& spec, const Item& from, std::string_view field) {
  const Item* value = from.find(field);
  if (value) spec.member(field).copy(*value);
  else spec.remove(field);
}

void allow_images(json::Item& spec, const Item& from, std::string_view list) {
  const Item* old = from.find(list);
  Item* now = spec.find(list);
  if (old == nullptr || now == nullptr) return;
  const Item* before = old->first();
  for (Item* i = now->first(); i != nullptr && before != nullptr; i = i->next(), before = before->next()) {
    allow(*i, *before, "image");
  }
}

void check_tolerations_kept(Errors& errors, const FieldPath& path, const Item& now, const Item& old) {
  for (const Item& before : children(old.find("tolerations"))) {
    bool kept = false;
    for (const Item& after : children(now.find("tolerations"))) {
      kept = kept || std::ranges::all_of(
                         std::initializer_list<std::string_view>{"key", "operator", "value", "effect"},
                         [&](std::string_view f) { return text_at(before, f) == text_at(after, f); });
    }
    if (!kept) {
      return errors.forbidden(path / "tolerations",
                              "existing toleration can not be modified except its tolerationSeconds");
    }
  }
}

void check_gates_only_go(Errors& errors, const FieldPath& path, const Item& now, const Item& old) {
  for (const Item& gate : children(now.find("schedulingGates"))) {
    bool known = false;
    for (const Item& before : children(old.find("schedulingGates"))) {
      known = known || text_at(before, "name") == text_at(gate, "name");
    }
    if (known) continue;
    errors.forbidden(
        path / "schedulingGates",
        text("only deletion is allowed, but found new scheduling gate '{}'", text_at(gate, "name")));
  }
}

void check_deadline(Errors& errors, const FieldPath& path, const Item& now, const Item& old) {
  const Item* before = old.find("activeDeadlineSeconds");
  const Item* after = now.find("activeDeadlineSeconds");
  if (before == nullptr) return;
  if (after == nullptr) {
    errors.invalid(path / "activeDeadlineSeconds", after,
                   "must not update from a positive integer to nil value");
  } else if (after->as_int64() > before->as_int64()) {
    errors.invalid(path / "activeDeadlineSeconds", after->as_int64().value_or(0),
                   "must be less than or equal to previous value");
  }
}

// A pod that waits at its gates may still be told where to run, more narrowly than before.
void check_gated_selector(Errors& errors, const FieldPath& path, const Item& now, const Item& old) {
  for (const Item& before : children(old.find("nodeSelector"))) {
    const Item* after = now.find("nodeSelector", before.key());
    if (after != nullptr && after->string_or("") == before.string_or("")) continue;
    return errors.invalid(path / "nodeSelector", now.find("nodeSelector"),
                          "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
  }
}

void check_pod_update(Errors& errors, const FieldPath& path, const Item& now, const Item& old) {
  for (const std::string_view list : {"containers", "initContainers"}) {
    if (size_at(now, list) == size_at(old, list)) continue;
    return errors.forbidden(path / list, "pod updates may not add or remove containers");
  }
  check_deadline(errors, path, now, old);
  check_tolerations_kept(errors, path, now, old);
  check_gates_only_go(errors, path, now, old);
  json::Tree copy = json::Tree::copy_of(now);
  for (const std::string_view field : {"activeDeadlineSeconds", "tolerations", "schedulingGates"})
    allow(copy.root(), old, field);
  if (number_at(old, "terminationGracePeriodSeconds") < 0 &&
      number_at(now, "terminationGracePeriodSeconds") == 1)
    allow(copy.root(), old, "terminationGracePeriodSeconds");
  if (size_at(old, "schedulingGates") > 0) {
    check_gated_selector(errors, path, now, old);
    allow(copy.root(), old, "nodeSelector");
    allow(copy.root(), old, "affinity");
  }
  allow_images(copy.root(), old, "containers");
  allow_images(copy.root(), old, "initContainers");
  Difference difference;
  difference.find(old, copy.root(), "");
  if (difference.text_.empty()) return;
  errors.forbidden(path,
                   "pod updates may not change fields other than `spec.containers[*].image`,"
                   "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "
                   "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be "
                   "set to 1 if it was previously negative)" +
                       difference.text_);
}

// A container that has ended and must not run again does not.
void check_ended_stay_so(Errors& errors, const FieldPath& path, const Item& pod, const Item& old,
                         std::string_view list) {
  const std::string_view policy = text_at(old, "spec.restartPolicy");
  if (policy != "Never" && policy != "OnFailure") return;
  for (const Item& before : children_at(old, text("status.{}", list))) {
    const Item* ended = find_at(before, "state.terminated");
    if (ended == nullptr || (policy == "OnFailure" && number_at(*ended, "exitCode") != 0)) continue;
    std::size_t index = 0;
    for (const Item& after : children_at(pod, text("status.{}", list))) {
      const FieldPath here = path[index++];
      if (text_at(after, "name") == text_at(before, "name") && find_at(after, "state.terminated") == nullptr)
        errors.forbidden(here / "state", "may not be transitioned to non-terminated state");
    }
  }
}

const Item* named(const Item& spec, std::string_view list, std::string_view name) {
  for (const Item& one : children(spec.find(list)))
    if (text_at(one, "name") == name) return &one;
  return nullptr;
}

void check_ephemeral_container(Errors& errors, const FieldPath& here, const Item& container,
                               const Item& spec) {
  const std::string_view name = text_at(container, "name");
  if (name.empty()) errors.required(here / "name");
  else errors.invalid_each(here / "name", name, check_dns_label(name));
  if (named(spec, "containers", name) != nullptr || named(spec, "initContainers", name) != nullptr)
    errors.duplicate(here / "name", name);
  if (text_at(container, "image").empty()) errors.required(here / "image");
  const std::string_view target = text_at(container, "targetContainerName");
  if (!target.empty() && !named(spec, "containers", target) && !named(spec, "initContainers", target))
    errors.not_found(here / "targetContainerName", target);
  for (const std::string_view field : {"lifecycle", "livenessProbe", "ports", "readinessProbe",
                                       "resizePolicy", "resources", "startupProbe"}) {
    const Item* value = container.find(field);
    if (value != nullptr && value->size() != 0)
      errors.forbidden(here / field, "cannot be set for an Ephemeral Container");
  }
}

void check_ephemeral_containers(Errors& errors, const FieldPath& path, const Item& now, const Item& old) {
  std::size_t index = 0;
  for (const Item& container : children(now.find("ephemeralContainers"))) {
    const FieldPath here = path[index++];
    check_ephemeral_container(errors, here, container, now);
    if (named(now, "ephemeralContainers", text_at(container, "name")) != &container)
      errors.duplicate(here / "name", text_at(container, "name"));
  }
  for (const Item& before : children(old.find("ephemeralContainers"))) {
    const std::string_view name = text_at(before, "name");
    const Item* after = named(now, "ephemeralContainers", name);
    if (after == nullptr) {
      errors.forbidden(path, text("existing ephemeral containers \"{}\" may not be removed\n", name));
    } else if (!same(*after, before)) {
      Difference difference;
      difference.find(before, *after, "");
      errors.forbidden(
          path, text("existing ephemeral containers \"{}\" may not be changed{}\n", name, difference.text_));
    }
  }
}

// Only amounts of cpu and memory change, and what was said is not taken back.
void check_resize(Errors& errors, const FieldPath& path, const Item& now, const Item& old) {
  for (const std::string_view list : {"containers", "initContainers"}) {
    std::size_t index = 0;
    for (const Item& container : children(now.find(list))) {
      const FieldPath here = (path / list)[index++] / "resources";
      const Item* before = named(old, list, text_at(container, "name"));
      if (before == nullptr) continue;
      for (const std::string_view which : {"requests", "limits"}) {
        const Item& was = part_at(*before, text("resources.{}", which));
        const Item& is = part_at(container, text("resources.{}", which));
        for (const Item& amount : children(&was)) {
          const bool sizes = amount.key() == "cpu" || amount.key() == "memory";
          const Item* after = is.find(amount.key());
          if (sizes && after == nullptr)
            errors.forbidden(here / which, text("resource {} cannot be removed", which));
          else if (!sizes && (after == nullptr || !same(*after, amount)))
            errors.forbidden(here / which, "only cpu and memory resources are mutable");
        }
        for (const Item& amount : children(&is)) {
          if (amount.key() != "cpu" && amount.key() != "memory" && was.find(amount.key()) == nullptr)
            errors.forbidden(here / which, "only cpu and memory resources are mutable");
        }
      }
    }
  }
}

}  // namespace

void pod_update(Errors& errors, const Item& pod, const Item& old, std::string_view subresource) {
  const FieldPath path("spec"), status("status");
  if (subresource == "status") {
    check_ended_stay_so(errors, status / "containerStatuses", pod, old, "containerStatuses");
    check_ended_stay_so(errors, status / "initContainerStatuses", pod, old, "initContainerStatuses");
    return;
  }
  const Item &now = part_at(pod, "spec"), &before = part_at(old, "spec");
  if (subresource == "ephemeralcontainers")
    return check_ephemeral_containers(errors, path / "ephemeralContainers", now, before);
  check_pod_spec(errors, path, now, false);
  if (subresource == "resize") return check_resize(errors, path, now, before);
  check_pod_update(errors, path, now, before);
}

}  // namespace podo::kube::rules
