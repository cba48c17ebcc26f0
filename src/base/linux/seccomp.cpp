#include "base/linux/seccomp.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace podo::linux {

Result<io::Fd> install_seccomp_filter(std::span<const sock_filter> program, std::uint32_t flags) {
  const sock_fprog argument{static_cast<unsigned short>(program.size()),
                            const_cast<sock_filter*>(program.data())};
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &argument);
  if (result < 0) return failed_errno(errno, "seccomp: install a filter of {} instructions", program.size());
  if ((flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) return io::Fd(static_cast<int>(result));
  if (result > 0) return conflict("seccomp: thread {} has another filter already", result);  // TSYNC
  return io::Fd();
}

}  // namespace podo::linux
