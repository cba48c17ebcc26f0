#include "cli/foreground.h"

#include <signal.h>

#include "base/io/combine.h"
#include "base/io/signals.h"
#include "base/linux/signal_name.h"
#include "cli/console/attached.h"
#include "cli/console/terminal.h"

namespace podo::cli {
namespace {

Task<std::unique_ptr<io::Stream>> attach(Daemon& daemon, const Foreground& how) {
  Daemon::Query query;
  query.add("stream", "1");
  if (how.input) query.add("stdin", "1");
  if (how.output) query.add("stdout", "1");
  if (how.errors) query.add("stderr", "1");
  if (!how.detach_keys.empty()) query.add("detachKeys", how.detach_keys);
  co_return co_await daemon.hijack(
      {.method = "POST", .path = text("/containers/{}/attach", how.id), .query = query});
}

// The answer's head says that the daemon is listening for the end; its body comes then.
Task<http::Response> begin_wait(Daemon& daemon, const Foreground& how) {
  Daemon::Query query;
  query.add("condition", how.removed ? "removed" : how.starts ? "next-exit" : "not-running");
  co_return co_await daemon.ask(
      {.method = "POST", .path = text("/containers/{}/wait", how.id), .query = query});
}

Task<int> end_wait(http::Response response) {
  std::string body = co_await http::read_all(*response.body, 1 << 20);
  json::Document document = co_await json::parse(std::move(body));
  std::string problem = get_text(document.root().find("Error"), "Message");
  if (!problem.empty()) complain(text("podo: {}", problem));
  co_return static_cast<int>(get_number(document.root(), "StatusCode"));
}

// Passes on what this process is told to do, for as long as the container runs.
Task<void> pass_signals(Daemon& daemon, io::Signals& signals, std::string id) {
  for (;;) {
    Daemon::Query query;
    query.add("signal", linux::name_signal(co_await signals.next()));
    (void)co_await daemon.post(text("/containers/{}/kill", id), query).result();
  }
}

// Without passing them on: the first one that asks to end ends us, and leaves the container be.
Task<Ended> leave_on_signal(io::Signals& signals) {
  (void)co_await signals.next();
  co_return Ended::detached;
}

Task<Ended> hold(std::unique_ptr<io::Stream>& stream, Daemon& daemon, const Foreground& how) {
  if (stream == nullptr) {
    co_await io::sleep(seconds(1'000'000'000));
    co_return Ended::output_ended;
  }
  co_return co_await join_streams(
      daemon.loop(), *stream,
      {.tty = how.tty, .input = how.input, .detach_keys = co_await detach_bytes(how.detach_keys)});
}

Task<Ended> hold_or_leave(std::unique_ptr<io::Stream>& stream, Daemon& daemon, const Foreground& how,
                          io::Signals& signals) {
  if (how.sig_proxy || how.tty) co_return co_await hold(stream, daemon, how);
  co_return co_await io::first(hold(stream, daemon, how), leave_on_signal(signals));
}

}  // namespace

Result<std::string> detach_bytes(const std::string& typed) {
  return parse_detach_keys(typed.empty() ? "ctrl-p,ctrl-q" : typed);
}

Task<void> keep_size(Daemon& daemon, std::string path) {
  io::Signals changed(daemon.loop(), {SIGWINCH});
  for (;;) {
    TerminalSize size = terminal_size(1);
    if (size.rows == 0) size = terminal_size(0);
    Daemon::Query query;
    query.add("h", text("{}", size.rows));
    query.add("w", text("{}", size.columns));
    if (size.rows > 0) (void)co_await daemon.post(path, query).result();
    (void)co_await changed.next();
  }
}

Task<int> bring_to_foreground(Daemon& daemon, Foreground how) {
  co_await detach_bytes(how.detach_keys);  // before anything is started
  io::Signals signals(daemon.loop(), {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2});
  std::unique_ptr<io::Stream> stream;
  if (how.attaches) stream = co_await attach(daemon, how);
  http::Response waiting = co_await begin_wait(daemon, how);
  if (how.starts) co_await daemon.post(text("/containers/{}/start", how.id));
  io::TaskGroup beside(daemon.loop());
  if (how.tty && how.attaches) beside.spawn(keep_size(daemon, text("/containers/{}/resize", how.id)));
  if (how.sig_proxy && !how.tty) beside.spawn(pass_signals(daemon, signals, how.id));
  Ended ended = co_await hold_or_leave(stream, daemon, how, signals);
  if (ended == Ended::detached) {
    if (how.tty) complain("read escape sequence");
    co_return 0;
  }
  co_return co_await end_wait(std::move(waiting));
}

}  // namespace podo::cli
