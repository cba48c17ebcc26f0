#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

Result<int> perform_resume(const Call& call) {
  TRY(call.runtime.resume(call.id()));
  return 0;
}

}  // namespace

constinit const Verb resume_verb = {
    .name = "resume",
    .arguments = "<container-id>",
    .summary = "thaw all processes of a paused container",
    .description = "",
    .flags = {},
    .perform = perform_resume,
};

}  // namespace podo::oci_cli
