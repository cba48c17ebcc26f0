// podo logs
#include "base/core/clock.h"
#include "cli/command.h"
#include "cli/console/attached.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

// An answer's body where a stream is read.
class BodyStream final : public io::Stream {
 public:
  explicit BodyStream(http::Body& body) : body_(body) {}
  Task<std::size_t> read(std::span<std::byte> into) override { return body_.read(into); }
  Task<void> write(std::span<const std::byte>) override { co_await unsupported("a body is only read"); }
  Result<void> finish() override { return {}; }

 private:
  http::Body& body_;
};

Task<int> logs(Call call) {
  const Flags& flags = call.flags;
  std::string path = text("/containers/{}", call.argument(0));
  json::Document found = co_await call.daemon.get(path + "/json");
  bool tty = get_truth(found.root().find("Config"), "Tty");
  Daemon::Query query;
  query.add("stdout", "1");
  query.add("stderr", "1");
  if (flags.on("follow")) query.add("follow", "1");
  if (flags.on("details")) query.add("details", "1");
  if (flags.on("timestamps")) query.add("timestamps", "1");
  query.add("tail", flags.text("tail"));
  Wall now = SystemClock().wall();
  for (std::string_view name : {"since", "until"})
    if (flags.given(name)) query.add(std::string(name), co_await timestamp_of(flags.text(name), now));
  http::Response response =
      co_await call.daemon.ask({.method = "GET", .path = path + "/logs", .query = query});
  BodyStream stream(*response.body);
  co_await copy_output(stream, !tty);
  co_return 0;
}

using enum FlagKind;

constexpr Flag logs_flags[] = {
    {"details", 0, toggle, "Show extra details provided to logs"},
    {"follow", 'f', toggle, "Follow log output"},
    {"since", 0, value,
     "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\")"},
    {"tail", 'n', value, "Number of lines to show from the end of the logs", "all"},
    {"timestamps", 't', toggle, "Show timestamps"},
    {"until", 0, value,
     "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\")"},
};

}  // namespace

std::span<const Command> logs_commands() {
  static constexpr Command table[] = {
      {"logs|container logs", "CONTAINER", "Fetch the logs of a container", logs_flags, 1, 1, logs}};
  return table;
}

}  // namespace podo::cli
