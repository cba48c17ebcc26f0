// Both verbs exist so that who asks for them gets a sentence.
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

Result<int> refuse(const Call&) {
  return unsupported(
      "checkpoint and restore are not supported: processes cannot be written to files and read back");
}

}  // namespace

constinit const Verb checkpoint_verb = {
    .name = "checkpoint",
    .arguments = "<container-id>",
    .summary = "not supported",
    .description = "",
    .flags = {},
    .arguments_min = 0,
    .arguments_max = any_number,
    .order = FlagOrder::nowhere,
    .perform = refuse,
};

constinit const Verb restore_verb = {
    .name = "restore",
    .arguments = "<container-id>",
    .summary = "not supported",
    .description = "",
    .flags = {},
    .arguments_min = 0,
    .arguments_max = any_number,
    .order = FlagOrder::nowhere,
    .perform = refuse,
};

}  // namespace podo::oci_cli
