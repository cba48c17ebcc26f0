#include "container/oci_cli/creation_flags.h"
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

constexpr Flag run_flags[] = {
    bundle_flag,
    console_socket_flag,
    pid_file_flag,
    no_pivot_flag,
    no_new_keyring_flag,
    preserve_fds_flag,
    {"detach", "d", "", "return as soon as the process runs"},
    {"keep", "", "", "do not delete the container after its end"},
    {"no-subreaper", "", "", "do not become the parent of processes the container leaves behind"},
};

Result<int> perform_run(const Call& call) {
  runtime::RunOptions options;
  options.create = TRY(creation_options(call));
  options.detach = call.flags.on("detach");
  options.keep = call.flags.on("keep");
  options.no_subreaper = call.flags.on("no-subreaper");
  return call.runtime.run(call.id(), options);
}

}  // namespace

constinit const Verb run_verb = {
    .name = "run",
    .arguments = "<container-id>",
    .summary = "create, start, wait and delete in one",
    .description = "The exit code is that of the container's process, or 128 and the signal that ended it.\n",
    .flags = run_flags,
    .starts_programs = true,
    .perform = perform_run,
};

}  // namespace podo::oci_cli
