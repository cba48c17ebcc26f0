#include "container/oci_cli/creation_flags.h"

namespace podo::oci_cli {

Result<int> preserved_descriptors(const Flags& flags) {
  const std::int64_t count = TRY(flags.number("preserve-fds", 0));
  if (count < 0 || count > 1'000'000)
    return invalid("--preserve-fds: {} is not a number of descriptors", count);
  return static_cast<int>(count);
}

Result<runtime::CreateOptions> creation_options(const Flags& flags) {
  runtime::CreateOptions options;
  options.bundle = flags.text("bundle", ".");
  options.console_socket = flags.text("console-socket");
  options.pid_file = flags.text("pid-file");
  options.preserve_fds = TRY(preserved_descriptors(flags));
  options.no_pivot = flags.on("no-pivot");
  options.no_new_keyring = flags.on("no-new-keyring");
  return options;
}

}  // namespace podo::oci_cli
