// Restricted: what a hardened pod also has to say for itself.
#include <algorithm>
#include <optional>

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

// Since 1.25, pods of Windows do not have to say what only Linux understands.
bool is_exempt(const SecuredPod& pod) { return pod.minor >= 25 && pod.is_windows(); }

std::optional<bool> flag_at(const Item& from, std::string_view path) {
  const Item* flag = find_at(from, path);
  if (flag == nullptr || !flag->is(json::Kind::boolean)) return {};
  return flag->boolean();
}

void privilege_escalation(const SecuredPod& pod, Violations& out) {
  if (is_exempt(pod)) return;
  Culprits culprits;
  for (const Item* container : pod.containers) {
    if (flag_at(*container, "securityContext.allowPrivilegeEscalation").value_or(true))
      culprits.container(*container);
  }
  if (culprits.empty()) return;
  out.push_back({"allowPrivilegeEscalation != false",
                 culprits.text() + " must set securityContext.allowPrivilegeEscalation=false"});
}

void capabilities(const SecuredPod& pod, Violations& out) {
  if (is_exempt(pod)) return;
  Culprits keeping, adding;
  std::vector<std::string> added;
  for (const Item* container : pod.containers) {
    bool drops_all = false, adds = false;
    for (const Item& item : children_at(*container, "securityContext.capabilities.drop"))
      drops_all = drops_all || item.string_or("") == "ALL";
    for (const Item& item : children_at(*container, "securityContext.capabilities.add")) {
      if (item.string_or("") == "NET_BIND_SERVICE") continue;
      adds = true;
      insert_sorted(added, item.string_or(""));
    }
    if (!drops_all) keeping.container(*container);
    if (adds) adding.container(*container);
  }
  std::string detail;
  if (!keeping.empty()) detail = keeping.text() + " must set securityContext.capabilities.drop=[\"ALL\"]";
  if (!adding.empty()) {
    detail.append(detail.empty() ? "" : "; ");
    detail +=
        text("{} must not include {} in securityContext.capabilities.add", adding.text(), quoted(added));
  }
  if (!detail.empty()) out.push_back({"unrestricted capabilities", detail});
}

void volumes(const SecuredPod& pod, Violations& out) {
  constexpr std::string_view allowed[] = {"configMap", "csi",   "downwardAPI",           "emptyDir",
                                          "ephemeral", "image", "persistentVolumeClaim", "projected",
                                          "secret"};
  std::vector<std::string> names, types;
  for (const Item& volume : children_at(pod.spec, "volumes")) {
    std::string_view type = "unknown";
    for (const Item& member : kube::children(&volume))
      if (member.key() != "name") type = member.key();
    if (std::ranges::contains(allowed, type)) continue;
    names.emplace_back(text_at(volume, "name"));
    insert_sorted(types, type);
  }
  if (names.empty()) return;
  out.push_back({"restricted volume types",
                 text("{} {} {}", counted("volume", "volumes", names), names.size() == 1 ? "uses" : "use",
                      counted("restricted volume type", "restricted volume types", types))});
}

void run_as_non_root(const SecuredPod& pod, Violations& out) {
  constexpr std::string_view path = "securityContext.runAsNonRoot", reason = "runAsNonRoot != true";
  if (pod.minor >= 35 && pod.has_own_users()) return;
  const std::optional<bool> whole = flag_at(pod.spec, path);
  Culprits explicitly, silent;
  if (whole == false) explicitly.pod();
  for (const Item* container : pod.containers) {
    const std::optional<bool> own = flag_at(*container, path);
    if (own == false) explicitly.container(*container);
    else if (!own) silent.container(*container);
  }
  if (!explicitly.empty())
    out.push_back({std::string(reason), text("{} must not set {}=false", explicitly.text(), path)});
  else if (whole != true && !silent.empty())
    out.push_back({std::string(reason), text("pod or {} must set {}=true", silent.text(), path)});
}

void run_as_user(const SecuredPod& pod, Violations& out) {
  if (pod.minor >= 35 && pod.has_own_users()) return;
  const auto is_root = [](const Item& from) {
    const Item* user = find_at(from, "securityContext.runAsUser");
    return user != nullptr && user->as_int64() == 0;
  };
  Culprits culprits;
  if (is_root(pod.spec)) culprits.pod();
  for (const Item* container : pod.containers)
    if (is_root(*container)) culprits.container(*container);
  if (!culprits.empty()) out.push_back({"runAsUser=0", culprits.text() + " must not set runAsUser=0"});
}

void seccomp_profile(const SecuredPod& pod, Violations& out) {
  constexpr std::string_view path = "securityContext.seccompProfile.type";
  if (is_exempt(pod)) return;
  const auto is_good = [](std::string_view type) { return type == "RuntimeDefault" || type == "Localhost"; };
  const std::string_view whole = text_at(pod.spec, path);
  Culprits explicitly, silent;
  std::vector<std::string> values;
  if (!whole.empty() && !is_good(whole)) {
    explicitly.pod();
    insert_sorted(values, whole);
  }
  for (const Item* container : pod.containers) {
    const std::string_view own = text_at(*container, path);
    if (own.empty()) {
      silent.container(*container);
    } else if (!is_good(own)) {
      explicitly.container(*container);
      insert_sorted(values, own);
    }
  }
  if (!explicitly.empty()) {
    out.push_back(
        {"seccompProfile", text("{} must not set {} to {}", explicitly.text(), path, quoted(values))});
  } else if (!is_good(whole) && !silent.empty()) {
    out.push_back({"seccompProfile", text("pod or {} must set {} to \"RuntimeDefault\" or \"Localhost\"",
                                          silent.text(), path)});
  }
}

constexpr Check checks[] = {
    {"allowPrivilegeEscalation", 8, privilege_escalation},
    {"capabilities_restricted", 22, capabilities, "capabilities_baseline"},
    {"procMount_restricted", 35, check_proc_mount, "procMount"},
    {"restrictedVolumes", 0, volumes, "hostPathVolumes"},
    {"runAsNonRoot", 0, run_as_non_root},
    {"runAsUser", 23, run_as_user},
    {"seccompProfile_restricted", 19, seccomp_profile, "seccompProfile_baseline"},
};
static_assert(std::ranges::is_sorted(checks, {}, &Check::id));

}  // namespace

std::span<const Check> restricted_checks() { return checks; }

}  // namespace podo::admission
