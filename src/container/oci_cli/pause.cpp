#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

Result<int> perform_pause(const Call& call) {
  TRY(call.runtime.pause(call.id()));
  return 0;
}

}  // namespace

constinit const Verb pause_verb = {
    .name = "pause",
    .arguments = "<container-id>",
    .summary = "freeze all processes of a container",
    .description = "",
    .flags = {},
    .perform = perform_pause,
};

}  // namespace podo::oci_cli
