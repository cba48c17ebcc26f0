// The baseline: no known way up to the node.
#include <algorithm>
#include <initializer_list>

#include "base/core/text.h"
#include "cluster/admission/pod_security.h"
#include "model/kube/path.h"

namespace podo::admission {
namespace {

using json::Item;
using kube::children_at;
using kube::find_at;
using kube::text_at;

using Violations = std::vector<Violation>;

bool is_one_of(std::string_view value, std::initializer_list<std::string_view> of) {
  return std::ranges::find(of, value) != of.end();
}

void app_armor_profile(const SecuredPod& pod, Violations& out) {
  const auto bad = [](const Item& from) {
    const std::string_view type = text_at(from, "securityContext.appArmorProfile.type");
    return is_one_of(type, {"", "RuntimeDefault", "Localhost"}) ? std::string_view() : type;
  };
  Culprits culprits;
  std::vector<std::string> values, annotations;
  if (const std::string_view type = bad(pod.spec); !type.empty()) {
    culprits.pod();
    insert_sorted(values, type);
  }
  for (const Item* container : pod.containers) {
    const std::string_view type = bad(*container);
    if (type.empty()) continue;
    culprits.container(*container);
    insert_sorted(values, type);
  }
  for (const Item& item : kube::children(pod.metadata ? pod.metadata->find("annotations") : nullptr)) {
    const std::string_view value = item.string_or("");
    if (!item.key().starts_with("container.apparmor.security.beta.kubernetes.io/")) continue;
    if (!is_one_of(value, {"", "runtime/default"}) && !value.starts_with("localhost/"))
      insert_sorted(annotations, text("{}=\"{}\"", item.key(), value));
  }
  if (culprits.empty() && annotations.empty()) return;
  std::string who = culprits.text();
  if (!annotations.empty())
    who.append(who.empty() ? "" : " and ").append(annotations.size() == 1 ? "annotation" : "annotations");
  values.insert(values.end(), annotations.begin(), annotations.end());
  out.push_back({values.size() == 1 ? "forbidden AppArmor profile" : "forbidden AppArmor profiles",
                 text("{} must not set AppArmor profile type to {}", who, quoted(values))});
}

void capabilities(const SecuredPod& pod, Violations& out) {
  Culprits culprits;
  std::vector<std::string> values;
  for (const Item* container : pod.containers) {
    bool bad = false;
    for (const Item& item : children_at(*container, "securityContext.capabilities.add")) {
      if (is_one_of(item.string_or(""),
                    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
                     "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}))
        continue;
      bad = true;
      insert_sorted(values, item.string_or(""));
    }
    if (bad) culprits.container(*container);
  }
  if (culprits.empty()) return;
  out.push_back(
      {"non-default capabilities",
       text("{} must not include {} in securityContext.capabilities.add", culprits.text(), quoted(values))});
}

void host_namespaces(const SecuredPod& pod, Violations& out) {
  std::string found;
  for (const std::string_view name : {"hostNetwork", "hostPID", "hostIPC"}) {
    if (kube::is_true_at(pod.spec, name))
      found.append(found.empty() ? "" : ", ").append(name).append("=true");
  }
  if (!found.empty()) out.push_back({"host namespaces", found});
}

void host_path_volumes(const SecuredPod& pod, Violations& out) {
  std::vector<std::string> names;
  for (const Item& volume : children_at(pod.spec, "volumes"))
    if (volume.find("hostPath") != nullptr) names.emplace_back(text_at(volume, "name"));
  if (!names.empty()) out.push_back({"hostPath volumes", counted("volume", "volumes", names)});
}

void host_ports(const SecuredPod& pod, Violations& out) {
  Culprits culprits;
  std::vector<std::string> ports;
  for (const Item* container : pod.containers) {
    bool bad = false;
    for (const Item& port : children_at(*container, "ports")) {
      const std::int64_t number = kube::number_at(port, "hostPort");
      if (number == 0) continue;
      bad = true;
      insert_sorted(ports, text("{}", number));
    }
    if (bad) culprits.container(*container);
  }
  if (culprits.empty()) return;
  std::string list;
  for (const std::string& port : ports) list.append(list.empty() ? "" : ", ").append(port);
  out.push_back({"hostPort", text("{} {} {} {}", culprits.text(), culprits.verb("uses", "use"),
                                  ports.size() == 1 ? "hostPort" : "hostPorts", list)});
}

void host_probes(const SecuredPod& pod, Violations& out) {
  Culprits culprits;
  std::vector<std::string> hosts;
  for (const Item* container : pod.containers) {
    bool bad = false;
    for (const std::string_view handler :
         {"livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"}) {
      for (const std::string_view action : {"httpGet", "tcpSocket"}) {
        const std::string_view host = text_at(*container, text("{}.{}.host", handler, action));
        if (host.empty()) continue;
        bad = true;
        insert_sorted(hosts, host);
      }
    }
    if (bad) culprits.container(*container);
  }
  if (culprits.empty()) return;
  out.push_back({"probe or lifecycle host",
                 text("{} {} {}", culprits.text(), culprits.verb("uses", "use"),
                      counted("probe or lifecycle host", "probe or lifecycle hosts", hosts))});
}

void privileged(const SecuredPod& pod, Violations& out) {
  Culprits culprits;
  for (const Item* container : pod.containers)
    if (kube::is_true_at(*container, "securityContext.privileged")) culprits.container(*container);
  if (!culprits.empty())
    out.push_back({"privileged", culprits.text() + " must not set securityContext.privileged=true"});
}

void proc_mount(const SecuredPod& pod, Violations& out) {
  if (pod.minor >= 35 && pod.has_own_users()) return;
  check_proc_mount(pod, out);
}

void selinux_options(const SecuredPod& pod, Violations& out) {
  Culprits culprits;
  std::vector<std::string> types;
  bool user = false, role = false;
  const auto is_bad = [&](const Item& from) {
    const Item* options = find_at(from, "securityContext.seLinuxOptions");
    if (options == nullptr) return false;
    const std::string_view type = text_at(*options, "type");
    const bool allowed = is_one_of(type, {"", "container_t", "container_init_t", "container_kvm_t"}) ||
                         (pod.minor >= 31 && type == "container_engine_t");
    const bool has_user = !text_at(*options, "user").empty(), has_role = !text_at(*options, "role").empty();
    if (!allowed) insert_sorted(types, type);
    user = user || has_user;
    role = role || has_role;
    return !allowed || has_user || has_role;
  };
  if (is_bad(pod.spec)) culprits.pod();
  for (const Item* container : pod.containers)
    if (is_bad(*container)) culprits.container(*container);
  if (culprits.empty()) return;
  std::string what;
  if (!types.empty()) what = counted("type", "types", types);
  if (user) what.append(what.empty() ? "" : "; ").append("user may not be set");
  if (role) what.append(what.empty() ? "" : "; ").append("role may not be set");
  out.push_back(
      {"seLinuxOptions", text("{} set forbidden securityContext.seLinuxOptions: {}", culprits.text(), what)});
}

// Until 1.19, profiles were annotations.
void seccomp_annotations(const SecuredPod& pod, Violations& out) {
  std::vector<std::string> found;
  for (const Item& item : kube::children(pod.metadata ? pod.metadata->find("annotations") : nullptr)) {
    const bool concerns = item.key() == "seccomp.security.alpha.kubernetes.io/pod" ||
                          item.key().starts_with("container.seccomp.security.alpha.kubernetes.io/");
    if (concerns && item.string_or("") == "unconfined")
      insert_sorted(found, text("{}=\"{}\"", item.key(), item.string_or("")));
  }
  if (found.empty()) return;
  std::string list;
  for (const std::string& one : found) list.append(list.empty() ? "" : ", ").append(one);
  out.push_back(
      {"seccompProfile", text("forbidden {} {}", found.size() == 1 ? "annotation" : "annotations", list)});
}

void seccomp_profile(const SecuredPod& pod, Violations& out) {
  if (pod.minor < 19) return seccomp_annotations(pod, out);
  const auto bad = [](const Item& from) {
    const std::string_view type = text_at(from, "securityContext.seccompProfile.type");
    return is_one_of(type, {"", "RuntimeDefault", "Localhost"}) ? std::string_view() : type;
  };
  Culprits culprits;
  std::vector<std::string> values;
  if (const std::string_view type = bad(pod.spec); !type.empty()) {
    culprits.pod();
    insert_sorted(values, type);
  }
  for (const Item* container : pod.containers) {
    const std::string_view type = bad(*container);
    if (type.empty()) continue;
    culprits.container(*container);
    insert_sorted(values, type);
  }
  if (culprits.empty()) return;
  out.push_back({"seccompProfile", text("{} must not set securityContext.seccompProfile.type to {}",
                                        culprits.text(), quoted(values))});
}

struct SafeSysctl {
  std::string_view name;
  int since;
};
constexpr SafeSysctl safe_sysctls[] = {
    {"kernel.shm_rmid_forced", 0},
    {"net.ipv4.ip_local_port_range", 0},
    {"net.ipv4.tcp_syncookies", 0},
    {"net.ipv4.ping_group_range", 0},
    {"net.ipv4.ip_unprivileged_port_start", 0},
    {"net.ipv4.ip_local_reserved_ports", 27},
    {"net.ipv4.tcp_keepalive_time", 29},
    {"net.ipv4.tcp_fin_timeout", 29},
    {"net.ipv4.tcp_keepalive_intvl", 29},
    {"net.ipv4.tcp_keepalive_probes", 29},
    {"net.ipv4.tcp_rmem", 32},
    {"net.ipv4.tcp_wmem", 32},
};

void sysctls(const SecuredPod& pod, Violations& out) {
  std::string found;
  for (const Item& item : children_at(pod.spec, "securityContext.sysctls")) {
    const std::string_view name = text_at(item, "name");
    const bool safe = std::ranges::any_of(
        safe_sysctls, [&](const SafeSysctl& one) { return one.name == name && one.since <= pod.minor; });
    if (!safe) found.append(found.empty() ? "" : ", ").append(name);
  }
  if (!found.empty()) out.push_back({"forbidden sysctls", found});
}

void host_process(const SecuredPod& pod, Violations& out) {
  constexpr std::string_view path = "securityContext.windowsOptions.hostProcess";
  Culprits culprits;
  if (kube::is_true_at(pod.spec, path)) culprits.pod();
  for (const Item* container : pod.containers)
    if (kube::is_true_at(*container, path)) culprits.container(*container);
  if (!culprits.empty())
    out.push_back({"hostProcess", text("{} must not set {}=true", culprits.text(), path)});
}

constexpr Check checks[] = {
    {"appArmorProfile", 0, app_armor_profile},
    {"capabilities_baseline", 0, capabilities},
    {"hostNamespaces", 0, host_namespaces},
    {"hostPathVolumes", 0, host_path_volumes},
    {"hostPorts", 0, host_ports},
    {"hostProbesAndHostLifecycle", 34, host_probes},
    {"privileged", 0, privileged},
    {"procMount", 0, proc_mount},
    {"seLinuxOptions", 0, selinux_options},
    {"seccompProfile_baseline", 0, seccomp_profile},
    {"sysctls", 0, sysctls},
    {"windowsHostProcess", 0, host_process},
};
static_assert(std::ranges::is_sorted(checks, {}, &Check::id));

}  // namespace

void check_proc_mount(const SecuredPod& pod, std::vector<Violation>& out) {
  Culprits culprits;
  std::vector<std::string> values;
  for (const Item* container : pod.containers) {
    const std::string_view type = text_at(*container, "securityContext.procMount");
    if (is_one_of(type, {"", "Default"})) continue;
    culprits.container(*container);
    insert_sorted(values, type);
  }
  if (culprits.empty()) return;
  out.push_back({"procMount",
                 text("{} must not set securityContext.procMount to {}", culprits.text(), quoted(values))});
}

std::span<const Check> baseline_checks() { return checks; }

}  // namespace podo::admission
