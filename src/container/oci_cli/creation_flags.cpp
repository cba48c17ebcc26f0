#include "container/oci_cli/creation_flags.h"

namespace podo::oci_cli {

Result<int> preserved_descriptors(const Call& call) {
  const std::int64_t count = TRY(call.flags.number("preserve-fds", 0));
  if (count < 0) return invalid("--preserve-fds: {} is not a number of descriptors", count);
  // A number beyond would be one that this program has opened since.
  const int passed = call.passed_descriptors;
  if (count > passed) return invalid("--preserve-fds {}: descriptor {} is not open", count, 3 + passed);
  return static_cast<int>(count);
}

Result<runtime::CreateOptions> creation_options(const Call& call) {
  const Flags& flags = call.flags;
  runtime::CreateOptions options;
  options.bundle = flags.text("bundle", ".");
  options.console_socket = flags.text("console-socket");
  options.pid_file = flags.text("pid-file");
  options.preserve_fds = TRY(preserved_descriptors(call));
  options.no_pivot = flags.on("no-pivot");
  options.no_new_keyring = flags.on("no-new-keyring");
  options.systemd = call.systemd;
  return options;
}

}  // namespace podo::oci_cli
