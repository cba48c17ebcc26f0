#include "base/linux/descriptors.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
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

Result<> close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 3;
  const auto close_up_to = [&](unsigned last) -> Result<> {
    if (first > last || ::syscall(SYS_close_range, first, last, 0) == 0) return {};
    return failed_errno(errno, "close_range");
  };
  for (const int number : kept) {
    if (number < 3) continue;
    const auto next = static_cast<unsigned>(number);
    TRY(close_up_to(next - 1));
    first = next + 1;
  }
  return close_up_to(UINT_MAX);
}

}  // namespace podo::linux
