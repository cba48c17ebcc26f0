#include "cluster/workloads/pod_template.h"

#include <charconv>

#include "base/crypto/checksum.h"
#include "cluster/control/claims.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

void copy_if_there(json::Item& to, const json::Item& from, std::string_view path, std::string_view key) {
  if (const json::Item* found = kube::find_at(from, path); found != nullptr && found->size() != 0)
    to.member(key).copy(*found);
}

json::Tree without_hash(const json::Item& template_item) {
  json::Tree copy = json::Tree::copy_of(template_item);
  if (json::Item* labels = copy.root().find("metadata", "labels")) labels->remove(template_hash_label);
  if (json::Item* metadata = copy.root().find("metadata")) metadata->remove("creationTimestamp");
  return copy;
}

}  // namespace

json::Tree pod_of(const json::Item& template_item, Kind owner_kind, const Facts& owner) {
  json::Tree tree;
  json::Item& pod = tree.root();
  pod.member("kind").set_string("Pod");
  pod.member("apiVersion").set_string("v1");
  json::Item& metadata = pod.member("metadata");
  metadata.member("generateName").set_string(owner.name + "-");
  metadata.member("namespace").set_string(owner.name_space);
  for (const std::string_view part : {"labels", "annotations", "finalizers"})
    copy_if_there(metadata, template_item, std::string("metadata.").append(part), part);
  write_owner(metadata.member("ownerReferences").append(), owner_kind, owner);
  pod.member("spec").copy(kube::part_at(template_item, "spec"));
  return tree;
}

std::string safe_text(std::uint64_t number) {
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  for (int i = 0; i < 10; ++i, number /= alphabet.size()) text += alphabet[number % alphabet.size()];
  return text;
}

std::string template_hash(const json::Item& template_item, std::int64_t collisions) {
  json::Tree copy = without_hash(template_item);
  std::vector<json::Item*> open = {&copy.root()};
  while (!open.empty()) {  // the order of members does not matter
    json::Item* at = open.back();
    open.pop_back();
    if (at->is(json::Kind::object)) at->sort_members();
    for (json::Item* child = at->first(); child != nullptr; child = child->next()) open.push_back(child);
  }
  return safe_text(crypto::checksum(copy.to_text(), static_cast<std::uint64_t>(collisions)));
}

bool same_template(const json::Item& a, const json::Item& b) {
  return json::same(without_hash(a).root(), without_hash(b).root());
}

std::int64_t resolve(const json::Item* item, std::int64_t total, Round round) {
  if (item == nullptr) return 0;
  if (const auto number = item->as_int64()) return *number;
  const std::string_view percent = item->string_or("");
  std::int64_t value = 0;
  if (!percent.ends_with('%')) return 0;
  std::from_chars(percent.data(), percent.data() + percent.size(), value);
  const std::int64_t hundredths = value * total;
  return (hundredths + (round == Round::up ? 99 : 0)) / 100;
}

}  // namespace podo::controllers
