#include "cluster/objects/objects.h"

namespace podo::objects {
namespace {

// "apps/v1" -> "apps", "v1" -> ""
std::string_view group_of(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == api_version.npos ? std::string_view() : api_version.substr(0, slash);
}
std::string_view version_of(std::string_view api_version) {
  return api_version.substr(api_version.find('/') + 1);  // of npos: the whole
}

}  // namespace

const schema::Resource& storage_of(const schema::Schema& schema, const schema::Resource& resource) {
  const std::string_view stored = resource.stored_as;
  if (stored.empty() || stored == resource.group_version->api_version) return resource;
  const schema::Resource* found = schema.find_resource(group_of(stored), version_of(stored), resource.plural);
  return found != nullptr ? *found : resource;  // some are stored in a version that is not served
}

std::string prefix_of(const schema::Resource& resource, std::string_view name_space) {
  const std::string_view group =
      resource.stored_as.empty() ? resource.group_version->group : group_of(resource.stored_as);
  std::string prefix = text("/{}/{}/", group.empty() ? "core" : group, resource.plural);
  if (!name_space.empty()) prefix.append(name_space).push_back('/');
  return prefix;
}

std::string Key::to_text() const { return prefix_of(*resource, name_space) + name; }

}  // namespace podo::objects
