#include "cluster/access/node_graph.h"

#include <algorithm>

#include "base/core/text.h"

namespace podo::access {
namespace {

std::string key_of(Related kind, std::string_view name_space, std::string_view name) {
  return text("{} {}/{}", static_cast<int>(kind), name_space, name);
}

std::string_view text_at(const json::Item* object, std::string_view key) {
  const json::Item* item = object == nullptr ? nullptr : object->find(key);
  return item == nullptr ? std::string_view() : item->string_or("");
}

// What a pod names, in its namespace.
class Names {
 public:
  explicit Names(std::string_view name_space) : name_space_(name_space) {}

  void add(Related kind, std::string_view name) {
    if (name.empty()) return;
    std::string key = key_of(kind, name_space_, name);
    if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) keys_.push_back(std::move(key));
  }
  void of_containers(const json::Item* containers) {
    if (containers == nullptr) return;
    for (const json::Item* c = containers->first(); c != nullptr; c = c->next()) {
      if (const json::Item* env = c->find("env"))
        for (const json::Item* e = env->first(); e != nullptr; e = e->next()) {
          add(Related::secret, text_at(e->find("valueFrom", "secretKeyRef"), "name"));
          add(Related::config_map, text_at(e->find("valueFrom", "configMapKeyRef"), "name"));
        }
      if (const json::Item* from = c->find("envFrom"))
        for (const json::Item* e = from->first(); e != nullptr; e = e->next()) {
          add(Related::secret, text_at(e->find("secretRef"), "name"));
          add(Related::config_map, text_at(e->find("configMapRef"), "name"));
        }
    }
  }
  void of_volume(const json::Item& volume, std::string_view pod) {
    if (volume.find("ephemeral") != nullptr)
      add(Related::claim, text("{}-{}", pod, text_at(&volume, "name")));
    add(Related::config_map, text_at(volume.find("configMap"), "name"));
    add(Related::claim, text_at(volume.find("persistentVolumeClaim"), "claimName"));
    for (const json::Item* source = volume.first(); source != nullptr; source = source->next()) {
      add(Related::secret, text_at(source, "secretName"));
      add(Related::secret, text_at(source->find("secretRef"), "name"));
      add(Related::secret, text_at(source->find("nodePublishSecretRef"), "name"));
    }
    const json::Item* projected = volume.find("projected", "sources");
    if (projected == nullptr) return;
    for (const json::Item* source = projected->first(); source != nullptr; source = source->next()) {
      add(Related::secret, text_at(source->find("secret"), "name"));
      add(Related::config_map, text_at(source->find("configMap"), "name"));
    }
  }
  template <class See>
  static void each(const json::Item* list, See see) {
    if (list == nullptr) return;
    for (const json::Item* i = list->first(); i != nullptr; i = i->next()) see(*i);
  }
  std::vector<std::string> take() { return std::move(keys_); }

 private:
  std::string_view name_space_;
  std::vector<std::string> keys_;
};

std::vector<std::string> names_in(const json::Item& pod, std::string_view name_space, std::string_view name) {
  Names names(name_space);
  names.add(Related::pod, name);
  const json::Item* spec = pod.find("spec");
  // A pod that the node itself has brought along gets nothing by it.
  const json::Item* annotations = pod.find("metadata", "annotations");
  if (spec == nullptr || !text_at(annotations, "kubernetes.io/config.mirror").empty()) return names.take();
  names.add(Related::account, text_at(spec, "serviceAccountName"));
  Names::each(spec->find("imagePullSecrets"),
              [&](const json::Item& i) { names.add(Related::secret, text_at(&i, "name")); });
  for (const std::string_view list : {"containers", "initContainers", "ephemeralContainers"})
    names.of_containers(spec->find(list));
  Names::each(spec->find("volumes"), [&](const json::Item& volume) { names.of_volume(volume, name); });
  const auto claim = [&](const json::Item& i) {
    names.add(Related::resource_claim, text_at(&i, "resourceClaimName"));
  };
  Names::each(spec->find("resourceClaims"), claim);
  Names::each(pod.find("status", "resourceClaimStatuses"), claim);
  return names.take();
}

}  // namespace

void NodeGraph::count(const Pod& pod, bool more) {
  ByName<std::uint32_t>& known = nodes_[pod.node];
  for (const std::string& key : pod.related) {
    if (more) ++known[key];
    else if (const auto found = known.find(key); found != known.end() && --found->second == 0)
      known.erase(found);
  }
  if (known.empty()) nodes_.erase(pod.node);
}

void NodeGraph::put_pod(const json::Item& pod) {
  const json::Item* metadata = pod.find("metadata");
  const std::string_view name_space = text_at(metadata, "namespace"), name = text_at(metadata, "name");
  const std::string_view node = text_at(pod.find("spec"), "nodeName");
  remove_pod(name_space, name);
  if (node.empty()) return;
  Pod entry{.node = std::string(node), .related = names_in(pod, name_space, name)};
  count(entry, true);
  pods_[text("{}/{}", name_space, name)] = std::move(entry);
}

void NodeGraph::remove_pod(std::string_view name_space, std::string_view name) {
  const auto pod = pods_.find(text("{}/{}", name_space, name));
  if (pod == pods_.end()) return;
  count(pod->second, false);
  pods_.erase(pod);
}

void NodeGraph::put_volume(const json::Item& volume) {
  const std::string name(text_at(volume.find("metadata"), "name"));
  remove_volume(name);
  const json::Item* spec = volume.find("spec");
  const json::Item* claim = spec == nullptr ? nullptr : spec->find("claimRef");
  if (claim == nullptr) return;
  const std::string_view name_space = text_at(claim, "namespace");
  Volume entry{.claim = key_of(Related::claim, name_space, text_at(claim, "name")), .secrets = {}};
  const auto add = [&](std::string_view secret, std::string_view in) {
    if (secret.empty()) return;
    entry.secrets.push_back(key_of(Related::secret, in.empty() ? name_space : in, secret));
    secret_volumes_[entry.secrets.back()].push_back(name);
  };
  for (const json::Item* source = spec->first(); source != nullptr; source = source->next()) {
    add(text_at(source, "secretName"), text_at(source, "secretNamespace"));
    for (const std::string_view member :
         {"secretRef", "nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"})
      if (const json::Item* reference = source->find(member))
        add(text_at(reference, "name"), text_at(reference, "namespace"));
  }
  volumes_[name] = std::move(entry);
}

void NodeGraph::remove_volume(std::string_view name) {
  const auto volume = volumes_.find(name);
  if (volume == volumes_.end()) return;
  for (const std::string& secret : volume->second.secrets) {
    std::vector<std::string>& list = secret_volumes_[secret];
    std::erase(list, name);
    if (list.empty()) secret_volumes_.erase(secret);
  }
  volumes_.erase(volume);
}

void NodeGraph::put_attachment(const json::Item& attachment) {
  attachments_[std::string(text_at(attachment.find("metadata"), "name"))] =
      text_at(attachment.find("spec"), "nodeName");
}

void NodeGraph::remove_attachment(std::string_view name) {
  if (const auto found = attachments_.find(name); found != attachments_.end()) attachments_.erase(found);
}

bool NodeGraph::names(std::string_view node, std::string_view key) const {
  const auto known = nodes_.find(node);
  return known != nodes_.end() && known->second.contains(key);
}

bool NodeGraph::reaches(std::string_view node, Related kind, std::string_view name_space,
                        std::string_view name) const {
  const std::string key = key_of(kind, name_space, name);
  if (names(node, key)) return true;
  const auto volumes = kind == Related::secret ? secret_volumes_.find(key) : secret_volumes_.end();
  return volumes != secret_volumes_.end() &&
         std::any_of(volumes->second.begin(), volumes->second.end(),
                     [&](const std::string& volume) { return reaches_volume(node, volume); });
}

bool NodeGraph::reaches_volume(std::string_view node, std::string_view volume) const {
  const auto found = volumes_.find(volume);
  return found != volumes_.end() && names(node, found->second.claim);
}

bool NodeGraph::reaches_attachment(std::string_view node, std::string_view attachment) const {
  const auto found = attachments_.find(attachment);
  return found != attachments_.end() && found->second == node;
}

}  // namespace podo::access
