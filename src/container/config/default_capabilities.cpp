#include "container/config/default_capabilities.h"

#include "base/linux/capability.h"

namespace podo::engine {
namespace {

constexpr std::string_view defaults[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
};

struct Asked {
  bool all = false;
  std::uint64_t set = 0;
};

Result<Asked> read_names(const docker::Strings& names, std::string_view member) {
  Asked asked;
  for (const std::string& name : names) {
    std::string full;
    for (const char c : name) full += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (full == "ALL") {
      asked.all = true;
      continue;
    }
    if (!full.starts_with("CAP_")) full.insert(0, "CAP_");
    const auto capability = linux::find_capability(full);
    if (!capability) return invalid("invalid {}: unknown capability: \"{}\"", member, full);
    asked.set |= linux::capability_bit(*capability);
  }
  return asked;
}

}  // namespace

std::uint64_t every_capability(const Machine& machine) {
  const auto known = linux::capability_bit(static_cast<int>(linux::capability_names().size())) - 1;
  const auto of_kernel =
      machine.last_capability >= 63 ? ~0ull : linux::capability_bit(machine.last_capability + 1) - 1;
  return known & of_kernel & machine.bounding_capabilities;
}

std::uint64_t default_capabilities() {
  std::uint64_t set = 0;
  for (const auto name : defaults) set |= linux::capability_bit(*linux::find_capability(name));
  return set;
}

// "ALL" means what this daemon can give; one by name must be in that, or the start fails in the runtime's
// words.
Result<std::uint64_t> wanted_capabilities(const docker::HostConfig& host_config, const Machine& machine) {
  if (host_config.privileged) return every_capability(machine);
  const Asked add = TRY(read_names(host_config.cap_add, "CapAdd"));
  const Asked drop = TRY(read_names(host_config.cap_drop, "CapDrop"));
  if (add.all) return every_capability(machine) & ~drop.set;
  if (drop.all) return add.set;
  return (default_capabilities() & ~drop.set) | add.set;
}

}  // namespace podo::engine
