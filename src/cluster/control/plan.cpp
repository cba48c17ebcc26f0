#include "cluster/control/plan.h"

#include "model/kube/path.h"

namespace podo::controllers {

Write create(Kind kind, std::string_view name_space, json::Tree object) {
  return {.verb = Write::Verb::create,
          .kind = kind,
          .name_space = std::string(name_space),
          .object = std::move(object)};
}

Write create_pod(json::Tree pod) {
  const std::string name_space(kube::text_at(pod.root(), "metadata.namespace"));
  Write write = create(Kind::pod, name_space, std::move(pod));
  write.done = {"SuccessfulCreate", "Created pod: %"};
  write.failed = {"FailedCreate", "Error creating: %", true};
  return write;
}

Write remove(Kind kind, const Facts& what) {
  return {.verb = Write::Verb::remove,
          .kind = kind,
          .name_space = what.name_space,
          .name = what.name,
          .uid = what.uid};
}

Write remove_pod(const Pod& pod) {
  Write write = remove(Kind::pod, pod);
  write.done = {"SuccessfulDelete", "Deleted pod: %"};
  write.failed = {"FailedDelete", "Error deleting: %", true};
  return write;
}

Write update(Kind kind, json::Tree object) {
  Write write{.verb = Write::Verb::update,
              .kind = kind,
              .name_space = std::string(kube::text_at(object.root(), "metadata.namespace")),
              .name = std::string(kube::text_at(object.root(), "metadata.name"))};
  write.object = std::move(object);
  return write;
}

std::optional<Write> update_status(Kind kind, const json::Item& owner, const json::Item& status) {
  const json::Item* now = owner.find("status");
  if (now != nullptr && json::same(*now, status)) return std::nullopt;
  json::Tree changed = json::Tree::copy_of(owner);
  changed.root().member("status").copy(status);
  Write write = update(kind, std::move(changed));
  write.verb = Write::Verb::update_status;
  return write;
}

}  // namespace podo::controllers
