// podo events
#include "base/core/clock.h"
#include "base/format/json_writer.h"
#include "cli/command.h"
#include "cli/console/template.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

// "2026-01-02T03:04:05.000000000Z container die 0123abcd (exitCode=0, image=busybox)"
std::string line_of(json::Value event) {
  json::Value actor = event.find("Actor");
  std::vector<std::string> attributes;
  for (auto [key, value] : actor.find("Attributes").members())
    attributes.push_back(text("{}={}", key, value.is(json::Kind::string) ? value.string() : ""));
  std::int64_t ns = get_number(event, "timeNano");
  if (ns == 0) ns = get_number(event, "time") * 1'000'000'000;
  std::string line = text("{} {} {} {}", iso_text(Wall{ns}), get_text(event, "Type"),
                          get_text(event, "Action"), get_text(actor, "ID"));
  return attributes.empty() ? line : text("{} ({})", line, join(attributes, ", "));
}

Task<int> events(Call call) {
  const Flags& flags = call.flags;
  std::string format = flags.text("format");
  std::optional<Template> parsed;
  if (!format.empty() && format != "json") parsed = co_await Template::parse(format);
  Daemon::Query query;
  Wall now = SystemClock().wall();
  for (std::string_view name : {"since", "until"})
    if (flags.given(name)) query.add(std::string(name), co_await timestamp_of(flags.text(name), now));
  if (flags.given("filter")) query.add("filters", co_await filters_json(flags.all("filter")));
  http::Response response = co_await call.daemon.ask({.method = "GET", .path = "/events", .query = query});
  co_await Daemon::each_value(*response.body, [&](json::Value event) -> Result<bool> {
    std::string line = parsed             ? TRY(parsed->run(event))
                       : format == "json" ? json::Writer().value(event).take()
                                          : line_of(event);
    TRY(print(line + "\n"));
    return true;
  });
  co_return 0;
}

using enum FlagKind;

constexpr Flag events_flags[] = {
    {"filter", 'f', values, "Filter output based on conditions provided"},
    {"format", 0, value, "Format output: 'json' or a Go TEMPLATE"},
    {"since", 0, value, "Show all events created since timestamp"},
    {"until", 0, value, "Stream events until this timestamp"},
};

}  // namespace

std::span<const Command> events_commands() {
  static constexpr Command table[] = {
      {"events|system events", "", "Get real time events from the server", events_flags, 0, 0, events}};
  return table;
}

}  // namespace podo::cli
