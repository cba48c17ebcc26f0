#include "base/linux/path.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace podo::linux {

Result<io::Fd> open_below(int root, const char* path, int flags, std::uint64_t boundary) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = boundary;
  // Whoever renames in a loop can make the kernel give up any number of times, but cannot keep us here
  // forever.
  int patience = 256;
  for (;;) {
    const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0) return io::Fd(static_cast<int>(fd));
    if (errno == EINTR) continue;
    if (errno != EAGAIN || --patience == 0) return failed_errno(errno, "open {}", path);
  }
}

std::string clean_path(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (name == "..") clean.resize(clean.empty() ? 0 : clean.rfind('/'));
    else clean.append("/").append(name);
  }
  return clean.empty() ? "/" : clean;
}

}  // namespace podo::linux
