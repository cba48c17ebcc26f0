#include "base/linux/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

namespace podo::linux {

Result<> open_missing_stdio() {
  for (int number = 0; number <= 2; ++number) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // The lowest free number is taken: this one.
    if (::open("/dev/null", O_RDWR) < 0)
      return failed_errno(errno, "open /dev/null for descriptor {}", number);
  }
  return {};
}

int count_passed_descriptors() {
  int number = 3;
  while (::fcntl(number, F_GETFD) >= 0) ++number;
  return number - 3;
}

Result<> close_on_exec_from(int first) {
  constexpr unsigned mark_only = 1u << 2;  // CLOSE_RANGE_CLOEXEC; the header has it since Linux 5.11
  if (::syscall(SYS_close_range, first, UINT_MAX, mark_only) == 0) return {};
  return failed_errno(errno, "close_range");
}

}  // namespace podo::linux
