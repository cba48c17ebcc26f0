#include "container/oci_cli/creation_flags.h"
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

constexpr Flag create_flags[] = {bundle_flag,   console_socket_flag, pid_file_flag,
                                 no_pivot_flag, no_new_keyring_flag, preserve_fds_flag};

Result<int> perform_create(const Call& call) {
  TRY(call.runtime.create(call.id(), TRY(creation_options(call))));
  return 0;
}

}  // namespace

constinit const Verb create_verb = {
    .name = "create",
    .arguments = "<container-id>",
    .summary = "make a container of a bundle; its process waits for start",
    .description = "",
    .flags = create_flags,
    .starts_programs = true,
    .perform = perform_create,
};

}  // namespace podo::oci_cli
