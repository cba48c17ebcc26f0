// `linux.sysctl` (config-linux.md#sysctl): only what belongs to a namespace of the container, since
// everything else is the host's, whatever namespace writes it.
//
//   key := part *( ( "." | "/" ) part )      as in sysctl.d(5): the first separator decides; when it is a
//   dot, the two
//                                            change places ("net.ipv4.conf.eth0/1.mtu" is
//                                            net/ipv4/conf/eth0.1/mtu)
#include <sched.h>

#include <algorithm>

#include "container/plan/plan_parts.h"

namespace podo::runtime {
namespace {

constexpr std::string_view ipc_names[] = {
    "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
    "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
};

std::string name_of(std::string_view key) {
  std::string name(key);
  const std::size_t first = name.find_first_of("./");
  if (first == name.npos || name[first] == '/') return name;
  for (char& c : name) {
    if (c == '.') c = '/';
    else if (c == '/') c = '.';
  }
  return name;
}

bool is_safe(std::string_view name) {
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('/', at), name.size());
    const std::string_view part = name.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = end + 1;
  }
  return true;
}

Result<> check_namespace(const NamespacePlan& namespaces, std::uint64_t kind, std::string_view kind_name,
                         std::string_view key) {
  if (namespaces.has(kind)) return {};
  return invalid("linux.sysctl: {} needs {} namespace, or it would change the host", quoted(key), kind_name);
}

Result<> check_allowed(std::string_view key, std::string_view name, const oci::Config& config,
                       const NamespacePlan& namespaces) {
  if (!is_safe(name)) return invalid("linux.sysctl: {} is not a name", quoted(key));
  if (std::ranges::find(ipc_names, name) != std::end(ipc_names) || name.starts_with("fs/mqueue/")) {
    return check_namespace(namespaces, CLONE_NEWIPC, "an ipc", key);
  }
  if (name.starts_with("net/")) return check_namespace(namespaces, CLONE_NEWNET, "a network", key);
  if (name == "kernel/hostname")
    return invalid("linux.sysctl: {} is set by the member hostname", quoted(key));
  if (name == "kernel/domainname") {
    if (!config.domainname.empty())
      return invalid("linux.sysctl: {} is set by the member domainname", quoted(key));
    return check_namespace(namespaces, CLONE_NEWUTS, "a uts", key);
  }
  return invalid("linux.sysctl: {} does not belong to a namespace and would change the host", quoted(key));
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> plan_sysctls(const oci::Config& config,
                                                                      const NamespacePlan& namespaces) {
  std::vector<std::pair<std::string, std::string>> plan;
  plan.reserve(config.linux.sysctl.size());
  for (const auto& [key, value] : config.linux.sysctl) {
    std::string name = name_of(key);
    TRY(check_allowed(key, name, config, namespaces));
    plan.emplace_back(std::move(name), value);
  }
  return plan;
}

}  // namespace podo::runtime
