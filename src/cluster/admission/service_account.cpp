// ServiceAccount: every pod acts for an account of its namespace. It gets the account's token, the cluster's
// authority and its namespace as files, unless it or the account does not want them, and the account's
// secrets for pulling images.
#include "base/core/text.h"
#include "cluster/admission/plugin.h"

namespace podo::admission {
namespace {

using kube::children_at;
using kube::text_at;

constexpr std::string_view mount_path = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view volume_prefix = "kube-api-access-";
// An hour and seven seconds: who sees the seven knows that the kubelet may renew it.
constexpr std::int64_t token_valid_for_s = 3607;

std::string random_suffix(Random& random) {
  constexpr std::string_view letters = "bcdfghjklmnpqrstvwxz2456789";
  std::string out;
  for (int i = 0; i < 5; ++i) out += letters[random.below(letters.size())];
  return out;
}

bool wants_token(const Item& pod_spec, const Item& account) {
  for (const Item* who : {&pod_spec, &account}) {
    const Item* wish = who->find("automountServiceAccountToken");
    if (wish != nullptr && wish->is(json::Kind::boolean)) return wish->boolean();
  }
  return true;
}

void add_token_volume(Item& spec, std::string_view name) {
  Item& volume = spec.member("volumes").append();
  volume.add("name").set_string(name);
  Item& projected = volume.add("projected");
  Item& sources = projected.member("sources");
  projected.add("defaultMode").set_number(0644);

  Item& token = sources.append().member("serviceAccountToken");
  token.member("expirationSeconds").set_number(token_valid_for_s);
  token.add("path").set_string("token");
  Item& authority = sources.append().member("configMap");
  authority.member("name").set_string("kube-root-ca.crt");
  Item& certificate = authority.add("items").append();
  certificate.add("key").set_string("ca.crt");
  certificate.add("path").set_string("ca.crt");
  Item& file = sources.append().member("downwardAPI").member("items").append();
  file.add("path").set_string("namespace");
  Item& field = file.add("fieldRef");
  field.member("apiVersion").set_string("v1");
  field.add("fieldPath").set_string("metadata.namespace");
}

bool mounts_at_token_path(const Item& container) {
  for (const Item& mount : children_at(container, "volumeMounts"))
    if (text_at(mount, "mountPath") == mount_path) return true;
  return false;
}

void mount_token(Item& spec, Random& random) {
  std::string volume;
  for (const Item& one : children_at(spec, "volumes")) {
    if (volume.empty() && text_at(one, "name").starts_with(volume_prefix)) volume = text_at(one, "name");
  }
  const bool exists = !volume.empty();
  if (!exists) volume = std::string(volume_prefix) + random_suffix(random);
  bool used = false;
  for (Item* container : containers_of(spec, {"initContainers", "containers"})) {
    if (mounts_at_token_path(*container)) continue;
    Item& mount = container->member("volumeMounts").append();
    mount.add("name").set_string(volume);
    mount.add("readOnly").set_boolean(true);
    mount.add("mountPath").set_string(mount_path);
    used = true;
  }
  if (used && !exists) add_token_volume(spec, volume);
}

bool has_token_source(const Item& spec) {
  for (const Item& volume : children_at(spec, "volumes")) {
    for (const Item& source : children_at(volume, "projected.sources"))
      if (source.find("serviceAccountToken") != nullptr) return true;
  }
  return false;
}

// A mirror pod only shows what runs on a node anyway: it gets nothing.
Result<> check_mirror_pod(const Review& review, const Item& spec) {
  if (!text_at(spec, "serviceAccountName").empty())
    return review.forbid("a mirror pod may not reference service accounts");
  if (refers_to_secrets(spec)) return review.forbid("a mirror pod may not reference secrets");
  if (has_token_source(spec))
    return review.forbid("a mirror pod may not use ServiceAccountToken volume projections");
  return {};
}

// spec.serviceAccount is the old name of the field: both say the same.
std::string account_name(Item& spec) {
  std::string name(text_at(spec, "serviceAccountName"));
  if (name.empty()) name = text_at(spec, "serviceAccount");
  if (name.empty()) name = "default";
  for (const std::string_view key : {"serviceAccountName", "serviceAccount"})
    spec.member(key).set_string(name);
  return name;
}

}  // namespace

Task<void> add_service_account(const Review& review, Item& object) {
  if (!review.is("", "pods") || !review.creates()) co_return;
  Item& spec = object.member("spec");
  if (is_mirror_pod(object)) {
    co_await check_mirror_pod(review, spec);
    co_return;
  }
  const std::string name = account_name(spec);
  const json::Tree account = co_await find_surely(review.ground.objects, *review.known.service_accounts,
                                                  std::string(review.attributes.name_space), name);
  if (account.root().is(json::Kind::null)) {
    co_await review.forbid(text("error looking up service account {}/{}: serviceaccount \"{}\" not found",
                                review.attributes.name_space, name, name));
  }
  if (wants_token(spec, account.root())) mount_token(spec, review.ground.random);
  const Item* secrets = account.root().find("imagePullSecrets");
  if (kube::size_at(spec, "imagePullSecrets") == 0 && secrets != nullptr)
    spec.member("imagePullSecrets").copy(*secrets);
}

}  // namespace podo::admission
