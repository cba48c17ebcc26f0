// NamespaceLifecycle: nothing is made where there is no namespace, or in one that is going; three namespaces
// stay.
#include <algorithm>

#include "base/core/text.h"
#include "cluster/admission/plugin.h"

namespace podo::admission {
namespace {

constexpr std::string_view immortal[] = {"default", "kube-system", "kube-public"};

Failure terminating(const Review& review) {
  const std::string_view name = review.attributes.name_space;
  kube::Status status = kube::forbidden(
      review.attributes.resource, review.attributes.name,
      text("unable to create new content in namespace {} because it is being terminated", name));
  status.causes.push_back({.reason = "NamespaceTerminating",
                           .message = text("namespace {} is being terminated", name),
                           .field = "metadata.namespace"});
  return review.refuse(std::move(status));
}

}  // namespace

Task<void> check_namespace(const Review& review) {
  const Attributes& attributes = review.attributes;
  const schema::Resource& resource = attributes.resource;
  if (resource.plural == "namespaces" && resource.group_version->group.empty()) {
    if (review.removes() && std::ranges::contains(immortal, attributes.name))
      co_await review.forbid("this namespace may not be deleted");
    co_return;
  }
  if (attributes.name_space.empty() || review.removes()) co_return;
  if (resource.plural == "localsubjectaccessreviews") co_return;  // one may ask about what is not there
  const json::Tree found = co_await find_surely(review.ground.objects, *review.known.namespaces, "",
                                                std::string(attributes.name_space));
  if (found.root().is(json::Kind::null)) {
    co_await review.refuse(
        kube::not_found(review.ground.objects.resource("", "namespaces"), attributes.name_space));
  }
  if (review.creates() && kube::text_at(found.root(), "status.phase") == "Terminating")
    co_await terminating(review);
}

}  // namespace podo::admission
