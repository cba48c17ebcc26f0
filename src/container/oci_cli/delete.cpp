#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

constexpr Flag delete_flags[] = {
    {"force", "f", "", "kill it (SIGKILL) if it still runs; that it does not exist is no error"}};

Result<int> perform_delete(const Call& call) {
  TRY(call.runtime.remove(call.id(), call.flags.on("force")));
  return 0;
}

}  // namespace

constinit const Verb delete_verb = {
    .name = "delete",
    .arguments = "<container-id>",
    .summary = "remove what a container left: control groups and state",
    .description =
        "A container that was created but not started is killed; one that runs must be stopped first, or "
        "forced.\n",
    .flags = delete_flags,
    .perform = perform_delete,
};

}  // namespace podo::oci_cli
