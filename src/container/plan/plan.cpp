#include "container/plan/plan.h"

#include <sched.h>

#include <algorithm>

#include "container/plan/plan_parts.h"

namespace podo::runtime {
namespace {

constexpr std::size_t host_name_max = 64;  // __NEW_UTS_LEN

Result<> check_host(const oci::Config& config, const NamespacePlan& namespaces, const HostFacts& host) {
  if (!namespaces.has(CLONE_NEWNS)) {
    return unsupported(
        "linux.namespaces: without a mount namespace the container's mounts would be the host's");
  }
  constexpr std::uint64_t sys_admin = std::uint64_t{1} << 21;
  if (host.euid != 0 && !(host.permitted_capabilities & sys_admin) && !namespaces.has(CLONE_NEWUSER)) {
    return fail(ErrorKind::denied,
                "linux.namespaces: a container of an unprivileged user needs a user namespace");
  }
  if (config.linux.intel_rdt)
    return unsupported("linux.intelRdt: cache and bandwidth allocation is not implemented");
  if (!config.linux.mount_label.empty() && !host.selinux) {
    return unsupported("linux.mountLabel: {}, but this host has no SELinux",
                       quoted(config.linux.mount_label));
  }
  return {};
}

Result<> check_host_names(const oci::Config& config, const NamespacePlan& namespaces) {
  for (const auto& [member, name] :
       {std::pair("hostname", &config.hostname), {"domainname", &config.domainname}}) {
    if (name->empty()) continue;
    if (!namespaces.has(CLONE_NEWUTS))
      return invalid("{}: needs a uts namespace, or it would rename the host", member);
    if (name->size() > host_name_max) return invalid("{}: is longer than {} bytes", member, host_name_max);
  }
  return {};
}

Result<> check_hooks(const std::vector<oci::Hook>& hooks, std::string_view kind) {
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    TRY(check_absolute(hooks[i].path, text("hooks.{}[{}].path", kind, i)));
    if (hooks[i].timeout_s && *hooks[i].timeout_s <= 0)
      return invalid("hooks.{}[{}].timeout: is not above 0", kind, i);
  }
  return {};
}

Result<> check_all_hooks(const oci::Hooks& hooks) {
  TRY(check_hooks(hooks.prestart, "prestart"));
  TRY(check_hooks(hooks.create_runtime, "createRuntime"));
  TRY(check_hooks(hooks.create_container, "createContainer"));
  TRY(check_hooks(hooks.start_container, "startContainer"));
  TRY(check_hooks(hooks.poststart, "poststart"));
  return check_hooks(hooks.poststop, "poststop");
}

Result<> check_paths(const std::vector<std::string>& paths, std::string_view member) {
  for (std::size_t i = 0; i < paths.size(); ++i)
    TRY(check_absolute(paths[i], text("linux.{}[{}]", member, i)));
  return {};
}

Result<std::string> plan_root(const oci::Root& root, std::string_view bundle) {
  if (root.path.empty()) return invalid("root.path: is empty");
  if (root.path[0] == '/') return root.path;
  if (!bundle.starts_with('/')) return invalid("the bundle's path {} is not absolute", quoted(bundle));
  return text("{}{}{}", bundle, bundle.ends_with('/') ? "" : "/", root.path);
}

Result<RootfsPlan> plan_rootfs(const oci::Config& config, const std::string& bundle,
                               const NamespacePlan& namespaces, Warnings& warnings) {
  RootfsPlan plan;
  plan.path = TRY(plan_root(config.root, bundle));
  plan.readonly = config.root.readonly;
  if (const std::string& name = config.linux.rootfs_propagation; !name.empty()) {
    const auto propagation = find_propagation(name);
    if (!propagation) return invalid("linux.rootfsPropagation: {} is not a propagation", quoted(name));
    plan.propagation = *propagation;
  }
  plan.mounts = TRY(plan_mounts(config, namespaces, warnings));
  plan.devices = TRY(plan_devices(config.linux.devices));
  TRY(check_paths(config.linux.masked_paths, "maskedPaths"));
  TRY(check_paths(config.linux.readonly_paths, "readonlyPaths"));
  plan.masked_paths = config.linux.masked_paths;
  plan.readonly_paths = config.linux.readonly_paths;
  plan.mount_label = config.linux.mount_label;
  return plan;
}

// Rooted and without "." and "..": a path cannot climb out of where groups are made. A relative one is taken
// from the root too, which the specification leaves to us.
Result<std::string> plan_cgroups_path(std::string_view path) {
  std::string plan;
  if (path.empty()) return plan;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      plan.resize(plan.empty() ? 0 : plan.rfind('/'));
    } else {
      plan.append("/").append(part);
    }
  }
  if (plan.empty()) return invalid("linux.cgroupsPath: {} is the root of all groups", quoted(path));
  return plan;
}

}  // namespace

std::string quoted(std::string_view value) {
  constexpr std::size_t shown_max = 100;
  if (value.size() <= shown_max) return text("\"{}\"", value);
  return text("\"{}...\"", value.substr(0, shown_max));
}

Result<> check_absolute(std::string_view path, std::string_view where) {
  if (path.starts_with('/')) return {};
  return invalid("{}: {} is not an absolute path", where, quoted(path));
}

// personality(2): the only two the specification has, and no flags.
Result<std::uint32_t> plan_personality(const oci::Personality& personality) {
  if (!personality.flags.empty())
    return unsupported("linux.personality.flags: the specification defines none");
  if (personality.domain == "LINUX") return 0;
  if (personality.domain == "LINUX32") return 8;
  return invalid("linux.personality.domain: {} is not LINUX or LINUX32", quoted(personality.domain));
}

Result<Plan> plan_container(const oci::Config& config, const std::string& bundle, const HostFacts& host) {
  Plan plan;
  plan.namespaces = TRY(plan_namespaces(config.linux, plan.warnings));
  const NamespacePlan& namespaces = plan.namespaces;
  TRY(check_host(config, namespaces, host));
  TRY(check_host_names(config, namespaces));
  TRY(check_all_hooks(config.hooks));
  plan.hostname = config.hostname;
  plan.domainname = config.domainname;
  plan.rootfs = TRY(plan_rootfs(config, bundle, namespaces, plan.warnings));
  if (config.process) {
    const HostFacts& facts = namespaces.has(CLONE_NEWUSER) ? inside_user_namespace(host) : host;
    plan.process = TRY(plan_process(*config.process, facts, plan.warnings));
  }
  plan.sysctls = TRY(plan_sysctls(config, namespaces));
  plan.net_devices = TRY(plan_net_devices(config.linux.net_devices, namespaces));
  plan.cgroups_path = TRY(plan_cgroups_path(config.linux.cgroups_path));
  if (config.linux.personality) plan.personality = TRY(plan_personality(*config.linux.personality));
  if (config.linux.memory_policy) plan.memory_policy = TRY(plan_memory_policy(*config.linux.memory_policy));
  return plan;
}

}  // namespace podo::runtime
