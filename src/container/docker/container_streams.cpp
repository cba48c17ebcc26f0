// What a container says, as it says it.
#include "base/core/timestamp.h"
#include "base/io/combine.h"
#include "container/docker/handlers.h"

namespace podo::docker {
namespace {

Result<std::optional<Wall>> instant(const Call& call, std::string_view key) {
  const std::string value = call.query(key);
  if (value.empty() || value == "0") return std::nullopt;
  return TRY(parse_instant(value, call.now()));
}

Result<engine::LogOptions> log_options(const Call& call) {
  engine::LogOptions options;
  options.out = call.flag("stdout");
  options.err = call.flag("stderr");
  if (!options.out && !options.err) return invalid("Bad parameters: you must choose at least one stream");
  options.follow = call.flag("follow");
  options.timestamps = call.flag("timestamps");
  options.details = call.flag("details");
  options.since = TRY(instant(call, "since"));
  options.until = TRY(instant(call, "until"));
  const auto lines = call.number("tail");  // "all", and whatever is no number
  if (lines && *lines && **lines >= 0) options.tail = static_cast<std::uint64_t>(**lines);
  return options;
}

Task<void> copy_log(Call& call, engine::LogReader& reader) {
  for (;;) {
    const std::string piece = co_await reader.next();
    if (piece.empty()) break;
    co_await call.exchange.write(piece);
  }
  co_await call.exchange.end();
}

// A sample a second, each with the one before in it, for as long as there is a container.
Task<void> copy_samples(Call& call, std::string sample) {
  for (;;) {
    co_await call.exchange.write(sample + "\n");
    co_await io::sleep(seconds(1));
    auto next = co_await call.engine().stats(call.name, sample, false).result();
    if (!next) break;
    sample = *std::move(next);
  }
  co_await call.exchange.end();
}

Result<std::array<std::uint32_t, 2>> window_size(const Call& call) {
  std::array<std::uint32_t, 2> size{};
  const std::string_view keys[] = {"h", "w"};
  for (std::size_t i = 0; i < 2; ++i) {
    if (call.query(keys[i]).empty()) return invalid("strconv.Atoi: parsing \"\": invalid syntax");
    const auto number = TRY(call.number(keys[i]));
    if (*number < 0 || *number > UINT16_MAX) return invalid("invalid resize value: {}", *number);
    size[i] = static_cast<std::uint32_t>(*number);
  }
  return size;
}

}  // namespace

Task<void> attach_container(Call& call) {
  const auto container = co_await call.engine().get(call.name);
  const engine::AttachOptions options{.stream = call.flag("stream"),
                                      .logs = call.flag("logs"),
                                      .in = call.flag("stdin"),
                                      .out = call.flag("stdout"),
                                      .err = call.flag("stderr"),
                                      .detach_keys = call.query("detachKeys")};
  auto output = co_await call.engine().attach(container->id, options);
  auto client = co_await take_over(call, container->config.tty);
  co_await relay(std::move(client), std::move(output));
}

Task<void> attach_websocket(Call& call) {
  co_await call.engine().get(call.name);
  co_await unsupported(
      "Unsupported: attaching through a websocket; POST /containers/{{id}}/attach does the same");
}

Task<void> stream_logs(Call& call) {
  const engine::LogOptions options = co_await log_options(call);
  const auto container = co_await call.engine().get(call.name);
  const auto reader = co_await call.engine().logs(container->id, options);
  co_await call.begin(200, stream_type(call, container->config.tty));
  co_await while_client_stays(call, copy_log(call, *reader));
}

Task<void> stream_stats(Call& call) {
  const bool stream = call.flag("stream", true), one_shot = !stream && call.flag("one-shot");
  std::string sample = co_await call.engine().stats(call.name, {}, one_shot);
  if (stream) {
    co_await call.begin(200, "application/json");
    co_await while_client_stays(call, copy_samples(call, std::move(sample)));
    co_return;
  }
  const auto container = co_await call.engine().get(call.name);
  if (!one_shot && container->state.status == engine::Status::running) {
    co_await io::sleep(seconds(1));  // what a client wants is the difference of two
    sample = co_await call.engine().stats(container->id, sample, false);
  }
  co_await call.answer(200, std::move(sample));
}

Task<void> show_top(Call& call) {
  const std::string arguments = call.query("ps_args");
  const auto top = co_await call.engine().top(call.name, arguments.empty() ? "-ef" : arguments);
  json::Writer out;
  out.object().key("Processes").array();
  for (const auto& process : top.processes) {
    out.array();
    for (const auto& column : process) out.string(column);
    out.end();
  }
  out.end().key("Titles").array();
  for (const auto& title : top.titles) out.string(title);
  co_await call.answer(200, out.end().end());
}

Task<void> resize_container(Call& call) {
  const auto [height, width] = co_await window_size(call);
  co_await call.engine().resize(call.name, height, width);
  co_await call.nothing(200);
}

Task<void> resize_exec(Call& call) {
  const auto [height, width] = co_await window_size(call);
  co_await call.engine().resize_exec(call.name, height, width);
  co_await call.nothing(200);
}

}  // namespace podo::docker
