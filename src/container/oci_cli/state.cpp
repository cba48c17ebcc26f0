#include "container/oci_cli/listing.h"
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

Result<int> perform_state(const Call& call) {
  json::Writer out(json::Layout::indented);
  write_listing(out, TRY(call.runtime.state(call.id())));
  TRY(print(out.take() + "\n"));
  return 0;
}

}  // namespace

constinit const Verb state_verb = {
    .name = "state",
    .arguments = "<container-id>",
    .summary = "print the state of a container as JSON",
    .description = "",
    .flags = {},
    .perform = perform_state,
};

}  // namespace podo::oci_cli
