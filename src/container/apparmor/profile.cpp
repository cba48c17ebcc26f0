#include "container/apparmor/profile.h"

#include <algorithm>

#include "base/core/text.h"

namespace podo::apparmor {
namespace {

// Rules that refuse outdo those that allow, and there is no "all but": what may be written to is left out
// letter by letter. The braces of the language are those of text(), so NAME is put in by hand.
constexpr std::string_view rules = R"(profile NAME flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  network,
  unix,
  umount,
  deny mount,

  # Who may end and watch them: programs of the host that nothing confines, and their own kind.
  signal (receive) peer=unconfined,
  signal (send, receive) peer=NAME,
  ptrace (readby, tracedby) peer=unconfined,
  ptrace (read, readby, trace, tracedby) peer=NAME,
PEERS
  # Of /proc, the folders of processes are written to, and of /proc/sys what sizes shared memory.
  deny /proc/* w,
  deny /proc/{[^1-9s],s[^ey],se[^l],sy[^s],sys[^/]}*/** w,
  deny /proc/sys/{[^k],k[^e],ke[^r]}** w,
  deny /proc/sys/kernel/{[^s],s[^h],sh[^m]}** w,
  deny /proc/{sysrq-trigger,kcore} rwklx,

  # Of /sys, control groups.
  deny /sys/{[^f],f[^s],fs[^/]}** wkl,
  deny /sys/fs/{[^c],c[^g],cg[^r]}** wkl,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
}
)";

bool is_plain(std::string_view label) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:";
  return !label.empty() && label.find_first_not_of(allowed) == label.npos;
}

void replace_all(std::string& in, std::string_view mark, std::string_view by) {
  for (std::size_t at = in.find(mark); at != in.npos; at = in.find(mark, at + by.size()))
    in.replace(at, mark.size(), by);
}

}  // namespace

std::string default_profile(std::string_view daemon_label) {
  std::string peers;
  if (daemon_label != "unconfined" && is_plain(daemon_label))
    peers = text("  signal (receive) peer={},\n  ptrace (readby, tracedby) peer={},\n", daemon_label,
                 daemon_label);
  std::string profile(rules);
  replace_all(profile, "PEERS\n", peers + "\n");
  replace_all(profile, "NAME", default_name);
  return profile;
}

}  // namespace podo::apparmor
