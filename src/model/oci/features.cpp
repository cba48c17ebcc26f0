#include "model/oci/features.h"

#include "base/format/json_writer.h"

namespace podo::oci {
namespace {

using json::Writer;

constexpr std::string_view hooks[] = {"prestart",       "createRuntime", "createContainer",
                                      "startContainer", "poststart",     "poststop"};

void names(Writer& out, std::string_view key, Names list) {
  out.key(key).array();
  for (const auto name : list) out.string(name);
  out.end();
}

void enabled(Writer& out, std::string_view key, bool value) {
  out.key(key).object().key("enabled").boolean(value).end();
}

void cgroup(Writer& out) {
  out.key("cgroup").object().key("v1").boolean(true).key("v2").boolean(true);
  out.key("systemd").boolean(true).key("systemdUser").boolean(true).key("rdma").boolean(true).end();
}

void seccomp(Writer& out, const Features& features) {
  out.key("seccomp").object().key("enabled").boolean(true);
  names(out, "actions", features.seccomp_actions);
  names(out, "operators", features.seccomp_operators);
  names(out, "archs", features.seccomp_architectures);
  names(out, "knownFlags", features.seccomp_known_flags);
  names(out, "supportedFlags", features.seccomp_supported_flags);
  out.end();
}

void memory_policy(Writer& out, const Features& features) {
  out.key("memoryPolicy").object();
  names(out, "modes", features.memory_policy_modes);
  names(out, "flags", features.memory_policy_flags);
  out.end();
}

void linux_part(Writer& out, const Features& features) {
  out.key("linux").object();
  names(out, "namespaces", features.namespaces);
  names(out, "capabilities", features.capabilities);
  cgroup(out);
  seccomp(out, features);
  enabled(out, "apparmor", true);
  enabled(out, "selinux", true);
  memory_policy(out, features);
  enabled(out, "intelRdt", false);
  out.key("mountExtensions").object();
  enabled(out, "idmap", true);
  out.end();
  enabled(out, "netDevices", true);
  out.end();
}

}  // namespace

std::string features_json(const Features& features) {
  Writer out(json::Layout::indented);
  out.object().key("ociVersionMin").string("1.0.0").key("ociVersionMax").string("1.3.0");
  names(out, "hooks", hooks);
  names(out, "mountOptions", features.mount_options);
  linux_part(out, features);
  out.key("annotations").object();
  out.key("io.github.seccomp.libseccomp.version").string(features.libseccomp_version);
  out.key("dev.podo.version").string(features.version).end();
  // A prefix: properties of the container's scope, which only --systemd-cgroup makes.
  constexpr std::string_view unsafe[] = {"org.systemd.property."};
  names(out, "potentiallyUnsafeConfigAnnotations", unsafe);
  out.end();
  return out.take() + "\n";
}

}  // namespace podo::oci
