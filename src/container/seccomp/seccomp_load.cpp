#include "base/linux/seccomp.h"
#include "container/seccomp/seccomp.h"

namespace podo::runtime {

Result<io::Fd> load_seccomp(const SeccompFilter& filter) {
  const auto* program = reinterpret_cast<const sock_filter*>(filter.program.data());
  return linux::install_seccomp_filter({program, filter.program.size() / sizeof(sock_filter)}, filter.flags);
}

}  // namespace podo::runtime
