// What admission knows about the cluster: mirrors of the objects that its plugins look at. Lives on the loop;
// dies before Objects.
#pragma once

#include <memory>

#include "cluster/objects/mirror.h"

namespace podo::admission {

using io::Task;

struct Known {
  static Task<Known> load(objects::Objects& objects);

  std::unique_ptr<objects::Mirror> namespaces, limit_ranges, service_accounts, quotas, priority_classes,
      runtime_classes, storage_classes, ingress_classes;
};

// Null when it is not there.
json::Tree read(const objects::Object* object);
json::Tree find(const objects::Mirror& mirror, std::string_view name_space, std::string_view name);
std::vector<json::Tree> all(const objects::Mirror& mirror, std::string_view name_space = "");  // by name
// As find(), but what is missing is looked for again once the mirror has seen all there is by now.
Task<json::Tree> find_surely(objects::Objects& objects, objects::Mirror& mirror, std::string name_space,
                             std::string name);

}  // namespace podo::admission
