// The second half of ServiceAccount: an account with the annotation kubernetes.io/enforce-mountable-secrets
// lets its pods use those secrets only that it lists.
#include <algorithm>

#include "base/core/text.h"
#include "cluster/admission/plugin.h"

namespace podo::admission {
namespace {

using kube::children_at;
using kube::text_at;

class Use {
 public:
  Use(const Review& review, const Item& account)
      : review_(review),
        account_(text_at(account, "metadata.name")),
        secrets_(names(account, "secrets")),
        pull_secrets_(names(account, "imagePullSecrets")) {}

  Result<> check_volumes(const Item& spec) const {
    for (const Item& volume : children_at(spec, "volumes")) {
      const std::string_view name = text_at(volume, "secret.secretName");
      if (name.empty() || std::ranges::contains(secrets_, name)) continue;
      return review_.forbid(
          text("volume with secret.secretName=\"{}\" is not allowed because service account "
               "{} does not reference that secret",
               name, account_));
    }
    return {};
  }

  Result<> check_container(const Item& container, std::string_view called) const {
    const std::string_view own = text_at(container, "name");
    for (const Item& variable : children_at(container, "env")) {
      const std::string_view name = text_at(variable, "valueFrom.secretKeyRef.name");
      if (name.empty() || std::ranges::contains(secrets_, name)) continue;
      return refuse(text("{} {} with envVar {}", called, own, text_at(variable, "name")), name);
    }
    for (const Item& source : children_at(container, "envFrom")) {
      const std::string_view name = text_at(source, "secretRef.name");
      if (name.empty() || std::ranges::contains(secrets_, name)) continue;
      return refuse(text("{} {} with envFrom", called, own), name);
    }
    return {};
  }

  Result<> check_pull_secrets(const Item& spec) const {
    std::size_t index = 0;
    for (const Item& secret : children_at(spec, "imagePullSecrets")) {
      const std::string_view name = text_at(secret, "name");
      if (!std::ranges::contains(pull_secrets_, name)) {
        return review_.forbid(
            text("imagePullSecrets[{}].name=\"{}\" is not allowed because service account {} "
                 "does not reference that imagePullSecret",
                 index, name, account_));
      }
      ++index;
    }
    return {};
  }

 private:
  static std::vector<std::string> names(const Item& account, std::string_view list) {
    std::vector<std::string> out;
    for (const Item& item : children_at(account, list)) out.emplace_back(text_at(item, "name"));
    return out;
  }
  Failure refuse(const std::string& user, std::string_view secret) const {
    return review_.forbid(
        text("{} referencing secret.secretName=\"{}\" is not allowed because service account "
             "{} does not reference that secret",
             user, secret, account_));
  }

  const Review& review_;
  std::string account_;
  std::vector<std::string> secrets_, pull_secrets_;
};

}  // namespace

Result<> check_mountable_secrets(const Review& review) {
  const bool begins = review.is("", "pods") && review.creates();
  if ((!begins && !review.is("", "pods", "ephemeralcontainers")) || is_mirror_pod(*review.object)) return {};
  const Item& spec = kube::part_at(*review.object, "spec");
  const json::Tree account =
      find(*review.known.service_accounts, review.attributes.name_space, text_at(spec, "serviceAccountName"));
  const Item* enforced =
      account.root().find("metadata", "annotations", "kubernetes.io/enforce-mountable-secrets");
  if (enforced == nullptr || enforced->string_or("") != "true") return {};
  const Use use(review, account.root());
  struct List {
    std::string_view key, called;
  };
  for (const auto& [key, called] : {List{"initContainers", "init container"}, List{"containers", "container"},
                                    List{"ephemeralContainers", "ephemeral container"}}) {
    for (const Item& container : children_at(spec, key)) TRY(use.check_container(container, called));
  }
  TRY(use.check_volumes(spec));
  return use.check_pull_secrets(spec);
}

}  // namespace podo::admission
