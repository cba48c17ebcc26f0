#include "cluster/service_addresses/service_families.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using json::Item;
using kube::FieldPath;
using kube::size_at;
using kube::text_at;

constexpr std::string_view single = "SingleStack", preferred = "PreferDualStack",
                           required = "RequireDualStack";

bool is_dual(const Item& service) {
  const std::string_view policy = text_at(service, "spec.ipFamilyPolicy");
  return policy == preferred || policy == required;
}

void keep_first(Item& spec, std::string_view list) {
  Item* there = spec.find(list);
  while (there != nullptr && there->size() > 1) there->remove(*there->at(1));
}

// One that prefers two families and is changed in other things keeps what it has, whatever the cluster has by
// now.
bool stays(const Item& service, const Item& old) {
  const auto same = [&](std::string_view field) {
    const Item *now = service.find("spec", field), *before = old.find("spec", field);
    return now != nullptr && before != nullptr && json::same(*now, *before);
  };
  return text_at(service, "spec.ipFamilyPolicy") == preferred && same("ipFamilyPolicy") && same("type") &&
         same("clusterIPs") && same("ipFamilies");
}

void check_policy(const Item& service, kube::Errors& errors) {
  if (is_dual(service)) return;
  const std::string_view policy = text_at(service, "spec.ipFamilyPolicy");
  for (const auto& [list, what] :
       {std::pair("spec.clusterIPs", "cluster IPs"), {"spec.ipFamilies", "IP families"}})
    if (size_at(service, list) > 1)
      errors.invalid(
          FieldPath("spec.ipFamilyPolicy"), policy,
          text("must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified", what));
}

// Families follow from addresses.
void infer_families(Item& service, std::span<const std::string_view> configured, kube::Errors& errors) {
  std::size_t index = 0;
  for (const Item& ip : kube::children_at(service, "spec.clusterIPs")) {
    const std::size_t i = index++;
    const std::string_view address = ip.string_or("");
    if (address == "None") return;
    if (address.empty() || i < size_at(service, "spec.ipFamilies")) continue;
    const std::string_view family = family_of(address);
    if (std::ranges::count(configured, family) == 0)
      errors.invalid(FieldPath("spec.clusterIPs")[i], kube::find_at(service, "spec.clusterIPs"),
                     text("{} is not configured on this cluster", family));
    else service.member("spec").member("ipFamilies").append().set_string(family);
  }
}

void check_configured(const Item& service, std::span<const std::string_view> configured,
                      kube::Errors& errors) {
  if (text_at(service, "spec.ipFamilyPolicy") == required && configured.size() < 2)
    errors.invalid(FieldPath("spec.ipFamilyPolicy"), required,
                   "this cluster is not configured for dual-stack services");
  std::size_t index = 0;
  for (const Item& family : kube::children_at(service, "spec.ipFamilies")) {
    const std::size_t i = index++;
    if (std::ranges::count(configured, family.string_or("")) == 0)
      errors.invalid(FieldPath("spec.ipFamilies")[i], family.string_or(""), "not configured on this cluster");
  }
}

void complete(Item& service, std::string_view policy, std::string_view family, bool two) {
  Item& spec = service.member("spec");
  if (text_at(service, "spec.ipFamilyPolicy").empty()) spec.member("ipFamilyPolicy").set_string(policy);
  Item& families = spec.member("ipFamilies");
  if (!families.is(json::Kind::array)) families.set_array();
  if (families.size() == 0) families.append().set_string(family);
  if (families.size() == 1 && two && is_dual(service))
    families.append().set_string(families.first()->string_or("") == ipv4_family ? ipv6_family : ipv4_family);
}

}  // namespace

std::string_view family_of(std::string_view address) {
  return address.contains(':') ? ipv6_family : ipv4_family;
}

void choose_families(Item& service, const Item* old, std::span<const std::string_view> configured,
                     kube::Errors& errors) {
  if (old != nullptr && stays(service, *old)) return;
  if (old != nullptr && is_dual(*old) && text_at(service, "spec.ipFamilyPolicy") == single)
    for (const std::string_view list : {"clusterIPs", "ipFamilies"}) keep_first(service.member("spec"), list);
  check_policy(service, errors);
  infer_families(service, configured, errors);
  if (!errors.empty()) return;
  const bool headless =
      text_at(service, "spec.clusterIPs[0]") == "None" || text_at(service, "spec.clusterIP") == "None";
  // Whoever writes its endpoints may have both families, whatever the cluster's Services have.
  if (headless && size_at(service, "spec.selector") == 0)
    return complete(service, required, configured.front(), true);
  check_configured(service, configured, errors);
  if (errors.empty()) complete(service, single, configured.front(), configured.size() == 2);
}

}  // namespace podo::apiserver
