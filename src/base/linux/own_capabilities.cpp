#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/linux/own_process.h"

namespace podo::linux {
namespace {

Result<> control(int operation, unsigned long argument, unsigned long second = 0) {
  if (::prctl(operation, argument, second, 0, 0) == 0) return {};
  const int error = errno;
  return failed_errno(error, "prctl");
}

}  // namespace

Result<> limit_bounding_set(std::uint64_t allowed) {
  for (unsigned capability = 0; capability < 64; ++capability) {
    if ((allowed >> capability & 1) != 0) continue;
    const auto dropped = control(PR_CAPBSET_DROP, capability);
    if (dropped) continue;
    if (dropped.error().system_errno() == EINVAL) break;  // the kernel knows no more
    return dropped;
  }
  return {};
}

Result<> keep_capabilities(bool across_set_user_id) {
  return control(PR_SET_KEEPCAPS, across_set_user_id ? 1 : 0);
}

Result<> set_capabilities(const OwnCapabilities& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct halves[2];
  for (int half = 0; half < 2; ++half) {
    const auto part = [half](std::uint64_t set) { return static_cast<std::uint32_t>(set >> (32 * half)); };
    halves[half] = {part(sets.effective), part(sets.permitted), part(sets.inheritable)};
  }
  if (::syscall(SYS_capset, &header, halves) == 0) return {};
  const int error = errno;
  return failed_errno(error, "capset");
}

Result<> set_ambient_capabilities(std::uint64_t set) {
  (void)control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  for (unsigned capability = 0; capability < 64; ++capability) {
    if ((set >> capability & 1) != 0) TRY(control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability));
  }
  return {};
}

Result<> forbid_new_privileges() { return control(PR_SET_NO_NEW_PRIVS, 1); }

Result<> forbid_inspection() { return control(PR_SET_DUMPABLE, 0); }

}  // namespace podo::linux
