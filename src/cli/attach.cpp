// podo attach, podo start
#include "cli/console/terminal.h"
#include "cli/foreground.h"

namespace podo::cli {
namespace {

Task<int> attach(Call call) {
  json::Document found = co_await call.daemon.get(text("/containers/{}/json", call.argument(0)));
  json::Value config = found.root().find("Config"), state = found.root().find("State");
  if (!get_truth(state, "Running"))
    co_return conflict("cannot attach to a stopped container, start it first");
  if (get_truth(state, "Paused")) co_return conflict("cannot attach to a paused container, unpause it first");
  bool tty = get_truth(config, "Tty"), input = get_truth(config, "OpenStdin") && !call.flags.on("no-stdin");
  if (tty && input && !is_terminal(0)) co_return invalid("the input device is not a TTY");
  co_return co_await bring_to_foreground(call.daemon, {.id = get_text(found.root(), "Id"),
                                                       .tty = tty,
                                                       .input = input,
                                                       .sig_proxy = call.flags.on("sig-proxy"),
                                                       .detach_keys = call.flags.text("detach-keys"),
                                                       .starts = false});
}

Task<void> start_one(Call call, std::string name) {
  co_await call.daemon.post(text("/containers/{}/start", name));
  co_await print(name + "\n");
}

Task<int> start(Call call) {
  bool input = call.flags.on("interactive");
  if (!call.flags.on("attach") && !input) co_return co_await for_each_argument(call, start_one);
  if (call.arguments().size() > 1)
    co_return invalid("you cannot start and attach multiple containers at once");
  json::Document found = co_await call.daemon.get(text("/containers/{}/json", call.argument(0)));
  json::Value config = found.root().find("Config");
  co_return co_await bring_to_foreground(
      call.daemon, {.id = get_text(found.root(), "Id"),
                    .tty = get_truth(config, "Tty"),
                    .input = input && get_truth(config, "OpenStdin"),
                    .sig_proxy = !get_truth(config, "Tty"),
                    .detach_keys = call.flags.text("detach-keys"),
                    .removed = get_truth(found.root().find("HostConfig"), "AutoRemove")});
}

using enum FlagKind;

constexpr Flag attach_flags[] = {
    {"detach-keys", 0, value, "Override the key sequence for detaching a container"},
    {"no-stdin", 0, toggle, "Do not attach STDIN"},
    {"sig-proxy", 0, toggle, "Proxy all received signals to the process", "true"},
};
constexpr Flag start_flags[] = {
    {"attach", 'a', toggle, "Attach STDOUT/STDERR and forward signals"},
    {"detach-keys", 0, value, "Override the key sequence for detaching a container"},
    {"interactive", 'i', toggle, "Attach container's STDIN"},
};

}  // namespace

std::span<const Command> attach_commands() {
  static constexpr Command table[] = {
      {"attach|container attach", "CONTAINER",
       "Attach local standard input, output, and error streams to a running container", attach_flags, 1, 1,
       attach},
      {"start|container start", "CONTAINER [CONTAINER...]", "Start one or more stopped containers",
       start_flags, 1, SIZE_MAX, start},
  };
  return table;
}

}  // namespace podo::cli
