// What is stored but not heeded: whoever relies on it must hear of it.
#include "base/core/text.h"
#include "cluster/admission/plugin.h"

namespace podo::admission {

Result<> warn_of_unenforced(const Review& review) {
  const schema::Resource& resource = review.attributes.resource;
  if (!review.attributes.subresource.empty()) return {};
  if (resource.group_version->group == "admissionregistration.k8s.io")
    review.attributes.warnings.push_back(
        text("Unsupported: {} are stored, but not enforced by this server", resource.plural));
  if (resource.group_version->group == "apiextensions.k8s.io")
    review.attributes.warnings.push_back(
        text("Unsupported: {} are stored, but their kinds are not served", resource.plural));
  return {};
}

}  // namespace podo::admission
