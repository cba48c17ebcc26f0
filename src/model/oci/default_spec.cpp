#include "model/oci/default_spec.h"

#include <initializer_list>
#include <string_view>

#include "base/format/json_writer.h"

namespace podo::oci {
namespace {

using json::Writer;
using Words = std::initializer_list<std::string_view>;

constexpr std::string_view version = "1.3.0";

void strings(Writer& out, std::string_view key, Words words) {
  out.key(key).array();
  for (const auto word : words) out.string(word);
  out.end();
}

void mount(Writer& out, std::string_view destination, std::string_view type, std::string_view source,
           Words options) {
  out.object().key("destination").string(destination).key("type").string(type).key("source").string(source);
  if (options.size() != 0) strings(out, "options", options);
  out.end();
}

void process(Writer& out) {
  out.key("process").object().key("terminal").boolean(true);
  out.key("user").object().key("uid").number(0).key("gid").number(0).end();
  strings(out, "args", {"sh"});
  strings(out, "env", {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"});
  out.key("cwd").string("/").key("capabilities").object();
  for (const auto set : {"bounding", "effective", "permitted"}) {
    strings(out, set, {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"});
  }
  out.end().key("rlimits").array().object();
  out.key("type").string("RLIMIT_NOFILE").key("hard").number(1024).key("soft").number(1024).end().end();
  out.key("noNewPrivileges").boolean(true).end();
}

void mounts(Writer& out, bool rootless) {
  out.key("mounts").array();
  mount(out, "/proc", "proc", "proc", {});
  mount(out, "/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  if (rootless) {  // gid 5 (tty) has no mapping there
    mount(out, "/dev/pts", "devpts", "devpts",
          {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"});
  } else {
    mount(out, "/dev/pts", "devpts", "devpts",
          {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"});
  }
  mount(out, "/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"});
  mount(out, "/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  if (rootless) {  // a new sysfs needs a network namespace that the user owns
    mount(out, "/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"});
  } else {
    mount(out, "/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
  }
  mount(out, "/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"});
  out.end();
}

void id_map(Writer& out, std::string_view key, std::uint32_t host_id) {
  out.key(key)
      .array()
      .object()
      .key("containerID")
      .number(0)
      .key("hostID")
      .number(host_id)
      .key("size")
      .number(1)
      .end()
      .end();
}

void linux_part(Writer& out, const std::optional<RootlessOwner>& rootless) {
  out.key("linux").object();
  if (rootless) {
    id_map(out, "uidMappings", rootless->uid);
    id_map(out, "gidMappings", rootless->gid);
  } else {
    out.key("resources").object().key("devices").array().object();
    out.key("allow").boolean(false).key("access").string("rwm").end().end().end();
  }
  out.key("namespaces").array();
  for (const auto kind : {"pid", rootless ? "user" : "network", "ipc", "uts", "mount", "cgroup"}) {
    out.object().key("type").string(kind).end();
  }
  out.end();
  strings(out, "maskedPaths",
          {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
           "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"});
  strings(out, "readonlyPaths", {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"});
  out.end();
}

}  // namespace

std::string default_spec_json(const std::optional<RootlessOwner>& rootless) {
  Writer out(json::Layout::indented);
  out.object().key("ociVersion").string(version);
  process(out);
  out.key("root").object().key("path").string("rootfs").key("readonly").boolean(true).end();
  out.key("hostname").string("podo");
  mounts(out, rootless.has_value());
  linux_part(out, rootless);
  out.end();
  return out.take() + "\n";
}

}  // namespace podo::oci
