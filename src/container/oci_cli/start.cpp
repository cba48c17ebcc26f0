#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

Result<int> perform_start(const Call& call) {
  TRY(call.runtime.start(call.id()));
  return 0;
}

}  // namespace

constinit const Verb start_verb = {
    .name = "start",
    .arguments = "<container-id>",
    .summary = "let the process of a created container go",
    .description = "",
    .flags = {},
    .perform = perform_start,
};

}  // namespace podo::oci_cli
