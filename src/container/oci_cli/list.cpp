#include "container/oci_cli/columns.h"
#include "container/oci_cli/listing.h"
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

constexpr Flag list_flags[] = {
    {"format", "f", "FORMAT", "table (default) or json"},
    {"quiet", "q", "", "print ids only"},
};

std::string as_json(const std::vector<runtime::Listing>& containers) {
  json::Writer out;
  out.array();
  for (const runtime::Listing& each : containers) write_listing(out, each);
  return out.end().take() + "\n";
}

std::string as_table(const std::vector<runtime::Listing>& containers) {
  Columns table(3, 12);
  table.row({"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"});
  for (const auto& [state, status] : containers) {
    const pid_t pid = status == runtime::Status::stopped ? 0 : state.pid;
    table.row({state.id, text("{}", pid), std::string(name_of(status)), state.bundle, state.created,
               name_owner(state.owner_uid)});
  }
  return table.take();
}

Result<int> perform_list(const Call& call) {
  const std::string format = call.flags.text("format", "table");
  if (format != "table" && format != "json")
    return invalid("--format: '{}' is neither table nor json", format);
  const auto containers = TRY(call.runtime.list());
  if (call.flags.on("quiet")) {
    std::string ids;
    for (const runtime::Listing& each : containers) ids += each.state.id + "\n";
    TRY(print(ids));
  } else {
    TRY(print(format == "json" ? as_json(containers) : as_table(containers)));
  }
  return 0;
}

}  // namespace

constinit const Verb list_verb = {
    .name = "list",
    .arguments = "",
    .summary = "list containers",
    .description = "",
    .flags = list_flags,
    .arguments_min = 0,
    .arguments_max = 0,
    .perform = perform_list,
};

}  // namespace podo::oci_cli
