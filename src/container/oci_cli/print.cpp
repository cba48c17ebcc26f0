#include <unistd.h>

#include "container/oci_cli/verb.h"

namespace podo::oci_cli {

Result<> print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed_errno(errno, "write to standard output");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace podo::oci_cli
