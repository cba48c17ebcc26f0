#include "cluster/admission/known.h"

namespace podo::admission {

Task<Known> Known::load(objects::Objects& objects) {
  const auto mirror = [&](std::string_view group, std::string_view plural) {
    return objects::Mirror::start(objects, objects.resource(group, plural));
  };
  Known known;
  known.namespaces = co_await mirror("", "namespaces");
  known.limit_ranges = co_await mirror("", "limitranges");
  known.service_accounts = co_await mirror("", "serviceaccounts");
  known.quotas = co_await mirror("", "resourcequotas");
  known.priority_classes = co_await mirror("scheduling.k8s.io", "priorityclasses");
  known.runtime_classes = co_await mirror("node.k8s.io", "runtimeclasses");
  known.storage_classes = co_await mirror("storage.k8s.io", "storageclasses");
  known.ingress_classes = co_await mirror("networking.k8s.io", "ingressclasses");
  co_return known;
}

json::Tree read(const objects::Object* object) {
  if (object == nullptr || !*object) return {};
  Result<json::Tree> tree = object->tree();
  return tree ? std::move(*tree) : json::Tree();
}

json::Tree find(const objects::Mirror& mirror, std::string_view name_space, std::string_view name) {
  return read(mirror.find(name_space, name));
}

std::vector<json::Tree> all(const objects::Mirror& mirror, std::string_view name_space) {
  std::vector<json::Tree> out;
  mirror.each(name_space, [&](const objects::Object& object) { out.push_back(read(&object)); });
  return out;
}

Task<json::Tree> find_surely(objects::Objects& objects, objects::Mirror& mirror, std::string name_space,
                             std::string name) {
  if (mirror.find(name_space, name) == nullptr) co_await mirror.reach(co_await objects.newest());
  co_return find(mirror, name_space, name);
}

}  // namespace podo::admission
