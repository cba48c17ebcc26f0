// Who the containers of a pod run as, what they may, and what is changed around them.
#include <algorithm>
#include <unordered_set>

#include "base/core/ip_address.h"
#include "model/kube/validate_rules.h"

namespace podo::kube::rules {
namespace {

constexpr std::string_view sysctl_form =
    R"(must have at most 253 characters and match regex ([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*)"
    R"([a-z0-9]([-_a-z0-9]*[a-z0-9])?)";

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_segment(std::string_view segment) {
  return !segment.empty() && is_letter_or_digit(segment.front()) && is_letter_or_digit(segment.back()) &&
         std::ranges::all_of(segment, [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

bool is_sysctl_name(std::string_view name) {
  if (name.size() > 253) return false;
  for (;;) {
    const std::size_t end = name.find_first_of("./");
    if (!is_segment(name.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    name.remove_prefix(end + 1);
  }
}

void check_sysctls(Errors& errors, const FieldPath& path, const Item* sysctls) {
  std::unordered_set<std::string_view> names;
  std::size_t index = 0;
  for (const Item& sysctl : children(sysctls)) {
    const FieldPath here = path[index++] / "name";
    const std::string_view name = text_at(sysctl, "name");
    if (name.empty()) errors.required(here);
    else if (!is_sysctl_name(name)) errors.invalid(here, name, sysctl_form);
    else if (!names.insert(name).second) errors.duplicate(here, name);
  }
}

void check_id(Errors& errors, const FieldPath& path, const Item* id) {
  if (id == nullptr) return;
  const std::int64_t number = id->as_int64().value_or(-1);
  if (number < 0 || number > INT32_MAX)
    errors.invalid(path, number, "must be between 0 and 2147483647, inclusive");
}

void check_container_security(Errors& errors, const FieldPath& path, const Item& security) {
  check_id(errors, path / "runAsUser", security.find("runAsUser"));
  check_id(errors, path / "runAsGroup", security.find("runAsGroup"));
  const Item* escalation = security.find("allowPrivilegeEscalation");
  if (escalation == nullptr || is_true_at(security, "allowPrivilegeEscalation")) return;
  if (is_true_at(security, "privileged"))
    errors.invalid(path, &security,
                   "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  for (const Item& capability : children_at(security, "capabilities.add"))
    if (capability.string_or("") == "CAP_SYS_ADMIN")
      errors.invalid(path, &security,
                     "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
}

void check_host_aliases(Errors& errors, const FieldPath& path, const Item* aliases) {
  std::size_t index = 0;
  for (const Item& alias : children(aliases)) {
    const FieldPath here = path[index++];
    const std::string_view address = text_at(alias, "ip");
    if (!IpAddress::parse(address))
      errors.invalid(here / "ip", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    std::size_t name_index = 0;
    for (const Item& name : children(alias.find("hostnames")))
      errors.invalid_each((here / "hostnames")[name_index++], name.string_or(""),
                          check_dns_subdomain(name.string_or("")));
  }
}

}  // namespace

void check_pod_security(Errors& errors, const FieldPath& path, const Item& spec) {
  if (const Item* security = spec.find("securityContext")) {
    const FieldPath here = path / "securityContext";
    for (const std::string_view id : {"runAsUser", "runAsGroup", "fsGroup"})
      check_id(errors, here / id, security->find(id));
    std::size_t index = 0;
    for (const Item& group : children(security->find("supplementalGroups")))
      check_id(errors, (here / "supplementalGroups")[index++], &group);
    check_sysctls(errors, here / "sysctls", security->find("sysctls"));
  }
  for (const std::string_view list : {"containers", "initContainers"}) {
    std::size_t index = 0;
    for (const Item& container : children(spec.find(list))) {
      const FieldPath here = (path / list)[index++] / "securityContext";
      if (const Item* security = container.find("securityContext"))
        check_container_security(errors, here, *security);
    }
  }
  check_host_aliases(errors, path / "hostAliases", spec.find("hostAliases"));
}

}  // namespace podo::kube::rules
