#include "base/format/json_writer.h"
#include "container/oci_cli/quantities.h"
#include "container/oci_cli/verbs.h"

namespace podo::oci_cli {
namespace {

constexpr Flag events_flags[] = {
    {"interval", "", "DURATION", "time between two statistics (default: 5s)"},
    {"stats", "", "", "print statistics once"},
};

struct Printer final : runtime::Runtime::EventSink {
  void emit(std::string_view json_line) override { (void)print(text("{}\n", json_line)); }
};

Result<int> perform_events(const Call& call) {
  const Duration interval = TRY_IN("--interval", parse_duration(call.flags.text("interval", "5s")));
  if (interval.ns <= 0) return invalid("--interval: must be more than nothing");
  if (call.flags.on("stats")) {
    json::Writer out;
    out.object().key("type").string("stats").key("id").string(call.id());
    out.key("data").raw(TRY(call.runtime.statistics(call.id()))).end();
    TRY(print(out.take() + "\n"));
    return 0;
  }
  Printer printer;
  TRY(call.runtime.events(call.id(), interval, printer));
  return 0;
}

}  // namespace

constinit const Verb events_verb = {
    .name = "events",
    .arguments = "<container-id>",
    .summary = "print statistics and notices of a container as JSON lines until it ends",
    .description = "",
    .flags = events_flags,
    .perform = perform_events,
};

}  // namespace podo::oci_cli
