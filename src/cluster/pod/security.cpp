#include "cluster/pod/security.h"

#include <algorithm>

#include "base/core/number.h"
#include "cluster/pod/downward.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::text_at;

// The container's own member, else the pod's.
const json::Item* effective(const json::Item& pod, const json::Item& container, std::string_view member) {
  const json::Item* own = kube::part_at(container, "securityContext").find(member);
  if (own != nullptr && !own->is(json::Kind::null)) return own;
  return kube::find_at(pod, text("spec.securityContext.{}", member));
}

std::string_view user_of(const oci::ImageConfig& image) {
  return std::string_view(image.user).substr(0, image.user.find(':'));
}

Result<> check_not_root(const json::Item& pod, const json::Item& container, const oci::ImageConfig& image) {
  const json::Item* wanted = effective(pod, container, "runAsNonRoot");
  if (wanted == nullptr || !wanted->is(json::Kind::boolean) || !wanted->boolean()) return {};
  const std::string whose = text("(pod: {}, container: {})", quoted(shown(pod)), text_at(container, "name"));
  if (const json::Item* user = effective(pod, container, "runAsUser")) {
    if (user->as_int64() == 0) return invalid("container's runAsUser breaks non-root policy {}", whose);
    return {};
  }
  const std::string_view user = user_of(image);
  if (user.empty() || whole_number<std::uint64_t>(user) == 0)
    return invalid("container has runAsNonRoot and image will run as root {}", whose);
  if (!whole_number<std::uint64_t>(user))
    return invalid(
        "container has runAsNonRoot and image has non-numeric user ({}), cannot verify user is "
        "non-root {}",
        user, whose);
  return {};
}

// A group alone is that of the image's user.
std::string user_string(const json::Item& pod, const json::Item& container, const oci::ImageConfig& image) {
  const json::Item* user = effective(pod, container, "runAsUser");
  const json::Item* group = effective(pod, container, "runAsGroup");
  if (user == nullptr && group == nullptr) return image.user;
  std::string wanted = user ? std::string(user->number()) : std::string(user_of(image));
  if (wanted.empty()) wanted = "0";
  return group == nullptr ? wanted : text("{}:{}", wanted, group->number());
}

// Whether the image's /etc/group counts is the pod's to say; to the engine, the words beginning with @ do.
docker::Strings groups_of(const json::Item& pod) {
  const bool strict = text_at(pod, "spec.securityContext.supplementalGroupsPolicy") == "Strict";
  docker::Strings groups = {strict ? "@none" : "@image"};
  const auto add = [&](const json::Item& group) {
    std::string number(group.number());
    if (std::ranges::find(groups, number) == groups.end()) groups.push_back(std::move(number));
  };
  for (const json::Item& group : kube::children_at(pod, "spec.securityContext.supplementalGroups"))
    add(group);
  if (const json::Item* group = kube::find_at(pod, "spec.securityContext.fsGroup")) add(*group);
  return groups;
}

docker::Strings strings_at(const json::Item& object, std::string_view path) {
  docker::Strings strings;
  for (const json::Item& each : kube::children_at(object, path)) strings.emplace_back(each.string_or(""));
  return strings;
}

const json::Item& profile_of(const json::Item& pod, const json::Item& container, std::string_view member) {
  static constexpr json::Item nothing = {};
  const json::Item* profile = effective(pod, container, member);
  return profile == nullptr ? nothing : *profile;
}

Result<> apply_profiles(docker::Strings& options, const json::Item& pod, const json::Item& container,
                        const SecurityFacts& facts) {
  const json::Item& seccomp = profile_of(pod, container, "seccompProfile");
  if (text_at(seccomp, "type") == "Unconfined") options.emplace_back("seccomp=unconfined");
  if (text_at(seccomp, "type") == "Localhost") {
    if (facts.seccomp_profile.empty())
      return invalid("cannot load seccomp profile {}: there is no such file on this node",
                     quoted(text_at(seccomp, "localhostProfile")));
    options.push_back(text("seccomp={}", facts.seccomp_profile));
  }
  const json::Item& apparmor = profile_of(pod, container, "appArmorProfile");
  if (text_at(apparmor, "type") == "Unconfined") options.emplace_back("apparmor=unconfined");
  if (text_at(apparmor, "type") == "Localhost") {
    if (!facts.apparmor) return unsupported("Cannot enforce AppArmor: AppArmor is not enabled on the host");
    const std::string_view name = text_at(apparmor, "localhostProfile");
    if (!facts.apparmor_profile)
      return not_found("Cannot enforce AppArmor: profile {} is not loaded", quoted(name));
    options.push_back(text("apparmor={}", name));
  }
  return {};
}

// "net/ipv4/ip_forward" is net.ipv4.ip_forward: the first separator tells which of both it is.
std::string with_dots(std::string_view name) {
  std::string dotted(name);
  const std::size_t first = dotted.find_first_of("./");
  if (first == std::string::npos || dotted[first] == '.') return dotted;
  for (char& c : dotted) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return dotted;
}

// Those that cannot reach beyond the pod.
constexpr std::string_view safe_sysctls[] = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
};

}  // namespace

Result<> apply_security(docker::CreateRequest& request, const json::Item& pod, const json::Item& container,
                        const oci::ImageConfig& image, const SecurityFacts& facts) {
  TRY(check_not_root(pod, container, image));
  docker::HostConfig& host = request.host_config;
  request.config.user = user_string(pod, container, image);
  host.group_add = groups_of(pod);
  const json::Item& own = kube::part_at(container, "securityContext");
  host.cap_add = strings_at(own, "capabilities.add");
  host.cap_drop = strings_at(own, "capabilities.drop");
  host.privileged = kube::is_true_at(own, "privileged");
  // As with containerd: agents of nodes look at the groups of all others.
  if (host.privileged) host.cgroupns_mode = "host";
  host.readonly_rootfs = kube::is_true_at(own, "readOnlyRootFilesystem");
  const json::Item* escalation = kube::find_at(own, "allowPrivilegeEscalation");
  if (escalation != nullptr && !kube::is_true_at(own, "allowPrivilegeEscalation"))
    host.security_opt.emplace_back("no-new-privileges");
  if (text_at(own, "procMount") == "Unmasked") {
    host.masked_paths.emplace();
    host.readonly_paths.emplace();
  }
  return apply_profiles(host.security_opt, pod, container, facts);
}

std::string localhost_profile(const json::Item& pod, const json::Item& container) {
  const json::Item& seccomp = profile_of(pod, container, "seccompProfile");
  if (text_at(seccomp, "type") != "Localhost") return {};
  return std::string(text_at(seccomp, "localhostProfile"));
}

std::string localhost_apparmor(const json::Item& pod, const json::Item& container) {
  const json::Item& apparmor = profile_of(pod, container, "appArmorProfile");
  if (text_at(apparmor, "type") != "Localhost") return {};
  return std::string(text_at(apparmor, "localhostProfile"));
}

std::optional<Problem> forbidden_sysctl(const json::Item& pod) {
  for (const auto& [name, value] : sysctls_of(pod)) {
    const auto problem = [&](std::string_view why) {
      return Problem{"SysctlForbidden", text("forbidden sysctl: {} {}", quoted(name), why)};
    };
    if (std::ranges::find(safe_sysctls, name) == std::end(safe_sysctls)) return problem("not allowlisted");
    if (name.starts_with("net.") && kube::is_true_at(pod, "spec.hostNetwork"))
      return problem("not allowed with host net enabled");
    if (name.starts_with("kernel.shm") && kube::is_true_at(pod, "spec.hostIPC"))
      return problem("not allowed with host ipc enabled");
  }
  return std::nullopt;
}

docker::StringMap sysctls_of(const json::Item& pod) {
  docker::StringMap sysctls;
  for (const json::Item& each : kube::children_at(pod, "spec.securityContext.sysctls"))
    sysctls[with_dots(text_at(each, "name"))] = text_at(each, "value");
  return sysctls;
}

std::string shown(const json::Item& pod) {
  return text("{}_{}({})", text_at(pod, "metadata.name"), text_at(pod, "metadata.namespace"),
              text_at(pod, "metadata.uid"));
}

}  // namespace podo::pod
