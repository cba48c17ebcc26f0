#include "cluster/admission/plugin.h"

#include "base/core/text.h"

namespace podo::admission {
namespace {

using kube::children_at;
using kube::find_at;

bool container_refers(const Item& spec, std::string_view from, std::string_view key_from) {
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (const Item& container : children_at(spec, list)) {
      for (const Item& source : children_at(container, "envFrom"))
        if (source.find(from) != nullptr) return true;
      for (const Item& variable : children_at(container, "env"))
        if (variable.find("valueFrom", key_from) != nullptr) return true;
    }
  }
  return false;
}

bool volumes_refer(const Item& spec, std::string_view source) {
  for (const Item& volume : children_at(spec, "volumes")) {
    if (volume.find(source) != nullptr) return true;
    for (const Item& part : children_at(volume, "projected.sources"))
      if (part.find(source) != nullptr) return true;
  }
  return false;
}

}  // namespace

bool Review::is(std::string_view group, std::string_view plural, std::string_view subresource) const {
  return attributes.resource.plural == plural && attributes.resource.group_version->group == group &&
         attributes.subresource == subresource;
}

Failure Review::forbid(std::string_view why) const {
  return refuse(kube::forbidden(attributes.resource, attributes.name, why));
}

bool Review::allows(std::string_view verb, std::string_view group, std::string_view plural,
                    std::string_view name) const {
  access::Attributes wanted{.verb = verb, .group = group, .version = "*", .resource = plural, .name = name};
  return ground.access.authorize(attributes.user, wanted).decision == access::Decision::allow;
}

bool is_mirror_pod(const Item& pod) {
  return pod.find("metadata", "annotations", "kubernetes.io/config.mirror") != nullptr;
}

std::vector<Item*> containers_of(Item& pod_spec, std::initializer_list<std::string_view> lists) {
  std::vector<Item*> out;
  for (const std::string_view list : lists) {
    Item* containers = pod_spec.find(list);
    for (Item* one = containers ? containers->first() : nullptr; one != nullptr; one = one->next())
      out.push_back(one);
  }
  return out;
}

PodPart pod_part_of(const schema::Resource& resource, const Item& object) {
  struct Maker {
    std::string_view group, plural, path;  // of what has metadata and spec
  };
  constexpr Maker makers[] = {
      {"", "pods", ""},
      {"", "replicationcontrollers", "spec.template"},
      {"", "podtemplates", "template"},
      {"apps", "replicasets", "spec.template"},
      {"apps", "deployments", "spec.template"},
      {"apps", "statefulsets", "spec.template"},
      {"apps", "daemonsets", "spec.template"},
      {"batch", "jobs", "spec.template"},
      {"batch", "cronjobs", "spec.jobTemplate.spec.template"},
  };
  for (const Maker& maker : makers) {
    if (maker.plural != resource.plural || maker.group != resource.group_version->group) continue;
    const Item* pod = maker.path.empty() ? &object : find_at(object, maker.path);
    if (pod != nullptr) return {pod->find("metadata"), pod->find("spec")};
  }
  return {};
}

bool refers_to_secrets(const Item& spec) {
  constexpr std::string_view drivers[] = {"azureFile", "cephfs",    "cinder", "flexVolume", "rbd",
                                          "scaleIO",   "storageos", "iscsi",  "csi"};
  if (volumes_refer(spec, "secret") || container_refers(spec, "secretRef", "secretKeyRef")) return true;
  for (const Item& volume : children_at(spec, "volumes")) {
    for (const std::string_view driver : drivers) {
      const Item* source = volume.find(driver);
      if (source == nullptr) continue;
      if (driver == "azureFile" || source->find("secretRef") || source->find("nodePublishSecretRef"))
        return true;
    }
  }
  return kube::size_at(spec, "imagePullSecrets") != 0;
}

bool refers_to_config_maps(const Item& spec) {
  return volumes_refer(spec, "configMap") || container_refers(spec, "configMapRef", "configMapKeyRef");
}

}  // namespace podo::admission
