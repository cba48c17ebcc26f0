#include "model/patch/apply.h"

namespace podo::patch {
namespace {

using Paths = std::span<const std::string_view>;

constexpr std::string_view spec[] = {"spec"}, status[] = {"status"};
constexpr std::string_view metadata_and_spec[] = {"metadata", "spec"};

// What differs from the rule below.
struct Exception {
  std::string_view group, plural, subresource;
  Paths reset, only = {};
};

constexpr std::string_view deployment_status[] = {"metadata.labels", "spec"};
constexpr std::string_view pod_status[] = {"metadata.deletionTimestamp", "metadata.ownerReferences", "spec"};
constexpr std::string_view ephemeral_containers[] = {"spec.ephemeralContainers"};
constexpr std::string_view resize[] = {"spec.containers.*.resources", "spec.containers.*.resizePolicy",
                                       "spec.initContainers.*.resources",
                                       "spec.initContainers.*.resizePolicy"};
constexpr std::string_view signer_status[] = {"spec", "status.conditions"};
constexpr std::string_view approval[] = {"spec", "status.certificate"};

constexpr Exception exceptions[] = {
    {"apps", "deployments", "status", deployment_status},
    {"", "pods", "status", pod_status},
    {"", "pods", "ephemeralcontainers", {}, ephemeral_containers},
    {"", "pods", "resize", {}, resize},
    {"", "namespaces", "finalize", status},
    {"apiextensions.k8s.io", "customresourcedefinitions", "status", metadata_and_spec},
    {"certificates.k8s.io", "certificatesigningrequests", "status", signer_status},
    {"certificates.k8s.io", "certificatesigningrequests", "approval", approval},
    {"flowcontrol.apiserver.k8s.io", "flowschemas", "status", metadata_and_spec},
    {"flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "status", metadata_and_spec},
    {"storage.k8s.io", "volumeattachments", "status", metadata_and_spec},
};

}  // namespace

// The rule: the resource itself cannot change the status that has a subresource, nor that one the rest.
ResetFields reset_fields(const schema::Resource& resource, std::string_view subresource) {
  const std::string_view group =
      resource.group_version != nullptr ? resource.group_version->group : std::string_view();
  for (const Exception& known : exceptions) {
    if (known.group == group && known.plural == resource.plural && known.subresource == subresource) {
      return {known.reset, known.only};
    }
  }
  if (subresource == "status") return {spec, {}};
  if (subresource.empty() && resource.find("status") != nullptr) return {status, {}};
  return {};
}

}  // namespace podo::patch
