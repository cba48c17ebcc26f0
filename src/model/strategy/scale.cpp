#include "base/core/text.h"
#include "model/kube/selectors.h"
#include "model/strategy/parts.h"
#include "model/strategy/strategy.h"

namespace podo::strategy {

Result<json::Tree> scale_of(const json::Item& object, const schema::Resource& resource) {
  const std::string_view type = resource.type->name;
  kube::LabelSelector selector;
  if (type == "core.v1.ReplicationController") {
    selector = kube::LabelSelector::of_labels(kube::find_at(object, "spec.selector"));
  } else if (type == "apps.v1.Deployment" || type == "apps.v1.ReplicaSet" || type == "apps.v1.StatefulSet") {
    selector = TRY(kube::LabelSelector::of(kube::find_at(object, "spec.selector")));
  } else {
    return unsupported("{} have no scale", resource.plural);
  }
  json::Tree scale;
  Item& root = scale.root();
  root.member("kind").set_string("Scale");
  root.add("apiVersion").set_string("autoscaling/v1");
  Item& metadata = root.add("metadata");
  metadata.set_object();
  for (const std::string_view key : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    take_over(metadata, kube::part_at(object, "metadata"), key);
  const std::int64_t wanted = kube::number_at(object, "spec.replicas");
  Item& spec = root.add("spec");
  spec.set_object();
  if (wanted != 0) spec.add("replicas").set_number(wanted);
  Item& status = root.add("status");
  status.member("replicas").set_number(kube::number_at(object, "status.replicas"));
  if (!selector.empty()) status.add("selector").set_string(selector.text());
  return scale;
}

void apply_scale(json::Item& object, const json::Item& scale) {
  object.member("spec").member("replicas").set_number(kube::number_at(scale, "spec.replicas"));
  const Item* version = scale.find("metadata", "resourceVersion");
  if (version != nullptr) object.member("metadata").member("resourceVersion").copy(*version);
}

}  // namespace podo::strategy
