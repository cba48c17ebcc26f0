#include "container/sandbox/plan.h"

#include <sched.h>

#include <algorithm>

#include "container/plan/plan.h"

namespace podo::engine {
namespace {

constexpr std::size_t id_max = 128, hostname_max = 64;

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= id_max && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<> check_group(std::string_view group, std::string_view engine_group) {
  if (!group.starts_with('/')) return invalid("the control group {} of a sandbox is not absolute", group);
  const auto with_slash = [](std::string_view path) { return text("/{}/", path); };
  std::string own = with_slash(group.substr(1)), engines = with_slash(engine_group);
  for (std::string* path : {&own, &engines}) {
    for (std::size_t at; (at = path->find("//")) != path->npos;) path->erase(at, 1);
  }
  if (own.contains("/../")) return invalid("the control group {} of a sandbox leads outside", group);
  if (engines.starts_with(own)) return invalid("the control group {} is not for one sandbox", group);
  return {};
}

}  // namespace

Result<> check_sandbox(const SandboxWish& wish, std::string_view engine_group) {
  if (!is_id(wish.id)) return invalid("\"{}\" is no id of a sandbox", wish.id);
  if ((wish.hostname.empty() && has_own_network(wish)) || wish.hostname.size() > hostname_max ||
      wish.hostname.contains('\n') || wish.hostname.contains('\0'))
    return invalid("invalid hostname: {}", wish.hostname);
  if (wish.network.empty()) return invalid("the sandbox {} has no network", wish.id);
  if (!has_own_network(wish) && !wish.ports.empty())
    return invalid("the sandbox {} has the host's network: it publishes no ports", wish.id);
  if (wish.host_pid && wish.share_processes)
    return invalid("the sandbox {} cannot share processes: it has the host's", wish.id);
  if (wish.shm_bytes < 0) return invalid("SHM size can not be less than 0");
  TRY(plan_sandbox_sysctls(wish));
  return check_group(wish.cgroup_parent, engine_group);
}

Result<SandboxSysctls> plan_sandbox_sysctls(const SandboxWish& wish) {
  oci::Config config;
  runtime::NamespacePlan namespaces;
  if (!wish.host_ipc) namespaces.create |= CLONE_NEWIPC;
  docker::StringMap wanted = wish.sysctls;
  if (has_own_network(wish)) {
    namespaces.create |= CLONE_NEWNET;
    wanted.try_emplace("net.ipv4.ip_unprivileged_port_start", "0");
    wanted.try_emplace("net.ipv4.ping_group_range", "0 2147483647");
  }
  config.linux.sysctl.assign(wanted.begin(), wanted.end());
  SandboxSysctls sysctls;
  for (auto& each : TRY(runtime::plan_sysctls(config, namespaces)))
    (each.first.starts_with("net/") ? sysctls.network : sysctls.ipc).push_back(std::move(each));
  return sysctls;
}

std::string sandbox_hosts(const SandboxWish& wish, std::span<const network::Endpoint> endpoints,
                          std::string_view host_file) {
  if (!has_own_network(wish)) return text("# Kubernetes-managed hosts file (host network).\n{}", host_file);
  std::string out =
      "# Kubernetes-managed hosts file.\n"
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\n"
      "fe00::0\tip6-mcastprefix\n"
      "fe00::1\tip6-allnodes\n"
      "fe00::2\tip6-allrouters\n";
  for (const network::Endpoint& endpoint : endpoints) {
    for (const std::string& address : {endpoint.ipv4, endpoint.ipv6}) {
      if (!address.empty()) out += text("{}\t{}\n", address, wish.hostname);
    }
  }
  return out;
}

}  // namespace podo::engine
