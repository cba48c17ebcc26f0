// podo exec
#include "base/format/json_writer.h"
#include "base/io/combine.h"
#include "cli/console/attached.h"
#include "cli/console/terminal.h"
#include "cli/container_flags.h"
#include "cli/foreground.h"
#include "model/docker/exec_config.h"

namespace podo::cli {
namespace {

Result<docker::ExecConfig> exec_config_of(const Flags& flags) {
  docker::ExecConfig config;
  bool detaches = flags.on("detach");
  config.tty = flags.on("tty");
  config.attach_stdin = flags.on("interactive") && !detaches;
  config.attach_stdout = config.attach_stderr = !detaches;
  config.privileged = flags.on("privileged");
  config.user = flags.text("user");
  config.working_dir = flags.text("workdir");
  config.detach_keys = flags.text("detach-keys");
  config.env = TRY(environment_of(flags));
  config.cmd = flags.arguments_from(1);
  if (config.tty && config.attach_stdin && !is_terminal(0)) return invalid("the input device is not a TTY");
  if (TerminalSize size = terminal_size(1); config.tty && size.rows > 0)
    config.console_size = {size.rows, size.columns};
  return config;
}

std::string start_body(const docker::ExecConfig& config, bool detaches) {
  json::Writer out;
  out.object().key("Detach").boolean(detaches).key("Tty").boolean(config.tty);
  if (config.console_size)
    out.key("ConsoleSize").array().number((*config.console_size)[0]).number((*config.console_size)[1]).end();
  out.end();
  return out.take();
}

Task<int> exec(Call call) {
  docker::ExecConfig config = co_await exec_config_of(call.flags);
  bool detaches = call.flags.on("detach");
  std::string keys = co_await detach_bytes(config.detach_keys);
  json::Writer body;
  docker::encode(body, config);
  json::Document made =
      co_await call.daemon.post(text("/containers/{}/exec", call.argument(0)), {}, body.take());
  std::string id = get_text(made.root(), "Id");
  Daemon::Ask start{
      .method = "POST", .path = text("/exec/{}/start", id), .body = start_body(config, detaches)};
  if (detaches) {
    (void)co_await call.daemon.ask(std::move(start));
    co_return 0;
  }
  start.headers.add("Content-Type", "application/json");
  std::unique_ptr<io::Stream> stream = co_await call.daemon.hijack(std::move(start));
  io::TaskGroup beside(call.daemon.loop());
  if (config.tty && is_terminal(1)) beside.spawn(keep_size(call.daemon, text("/exec/{}/resize", id)));
  Ended ended = co_await join_streams(call.daemon.loop(), *stream,
                                      {.tty = config.tty, .input = config.attach_stdin, .detach_keys = keys});
  if (ended == Ended::detached) co_return 0;
  json::Document state = co_await call.daemon.get(text("/exec/{}/json", id));
  co_return static_cast<int>(get_number(state.root(), "ExitCode"));
}

using enum FlagKind;

constexpr Flag exec_flags[] = {
    {"detach", 'd', toggle, "Detached mode: run command in the background"},
    {"detach-keys", 0, value, "Override the key sequence for detaching a container"},
    {"env", 'e', values, "Set environment variables"},
    {"env-file", 0, values, "Read in a file of environment variables"},
    {"interactive", 'i', toggle, "Keep STDIN open even if not attached"},
    {"privileged", 0, toggle, "Give extended privileges to the command"},
    {"tty", 't', toggle, "Allocate a pseudo-TTY"},
    {"user", 'u', value, "Username or UID (format: \"<name|uid>[:<group|gid>]\")"},
    {"workdir", 'w', value, "Working directory inside the container"},
};

}  // namespace

std::span<const Command> exec_commands() {
  static constexpr Command table[] = {{.names = "exec|container exec",
                                       .arguments = "CONTAINER COMMAND [ARG...]",
                                       .summary = "Execute a command in a running container",
                                       .flags = exec_flags,
                                       .least = 2,
                                       .perform = exec,
                                       .order = Flags::Order::before_arguments}};
  return table;
}

}  // namespace podo::cli
