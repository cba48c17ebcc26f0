// podo run, podo create
#include <fcntl.h>
#include <unistd.h>

#include "cli/console/terminal.h"
#include "cli/container_flags.h"
#include "cli/foreground.h"
#include "cli/progress.h"
#include "model/oci/image.h"

namespace podo::cli {
namespace {

constexpr int engine_failed = 125, cannot_be_executed = 126, command_not_found = 127;

// A container that is made, and what has to be said about it.
Task<json::Document> create_once(Call call, std::string body) {
  Daemon::Query query;
  if (call.flags.given("name")) query.add("name", call.flags.text("name"));
  if (call.flags.given("platform")) query.add("platform", call.flags.text("platform"));
  co_return co_await call.daemon.post("/containers/create", query, std::move(body));
}

Task<std::string> create_container(Call call, docker::CreateRequest request) {
  const Flags& flags = call.flags;
  std::string pulls = flags.text("pull");
  if (pulls != "always" && pulls != "missing" && pulls != "never")
    co_return invalid("invalid pull option: '{}': must be one of \"always\", \"missing\" or \"never\"",
                      pulls);
  Pull pull{.reference = call.argument(0), .platform = flags.text("platform"), .quiet = flags.on("quiet")};
  if (pulls == "always") co_await pull_image(call.daemon, pull, Progress::To::errors);
  Result<json::Document> made = co_await create_once(call, encode(request)).result();
  bool missing = !made && made.error().kind() == ErrorKind::not_found &&
                 made.error().message().contains("No such image");
  if (missing && pulls == "missing") {
    oci::Reference reference = co_await oci::Reference::parse(pull.reference);
    if (!pull.quiet) complain(text("Unable to find image '{}' locally", reference.familiar()));
    co_await pull_image(call.daemon, pull, Progress::To::errors);
    made = co_await create_once(call, encode(request)).result();
  }
  if (!made) co_return Failure(std::move(made).error());
  for (json::Value warning : made->root().find("Warnings").items())
    complain(text("WARNING: {}", warning.string()));
  co_return get_text(made->root(), "Id");
}

Result<io::Fd> open_id_file(const std::string& path) {
  if (path.empty()) return io::Fd();
  io::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd && errno == EEXIST)
    return already_exists("container ID file found, make sure the other container isn't running or delete {}",
                          path);
  if (!fd) return failed_errno(errno, "create the container ID file {}", path);
  return fd;
}

Result<> write_id(const io::Fd& file, const std::string& id) {
  if (file && ::write(file.get(), id.data(), id.size()) != static_cast<ssize_t>(id.size()))
    return failed_errno(errno, "write the container ID file");
  return {};
}

Task<int> create(Call call) {
  docker::CreateRequest request = co_await create_request_of(call.flags, false);
  io::Fd id_file = co_await open_id_file(call.flags.text("cidfile"));
  std::string id = co_await create_container(call, std::move(request));
  co_await write_id(id_file, id);
  co_await print(id + "\n");
  co_return 0;
}

// What docker's users rely on: scripts tell a wrong command from a failed engine by it.
int exit_code_of(const Error& error) {
  std::string_view message = error.message();
  auto says = [&](std::string_view words) { return message.contains(words); };
  if (says("executable file not found") || says("no such file or directory") || says("command not found"))
    return command_not_found;
  if (says("permission denied") || says("is a directory")) return cannot_be_executed;
  return engine_failed;
}

Task<int> run_container(Call call) {
  const Flags& flags = call.flags;
  bool detaches = flags.on("detach");
  docker::CreateRequest request = co_await create_request_of(flags, detaches);
  const docker::Config config = request.config;
  if (config.tty && config.attach_stdin && !is_terminal(0))
    co_return invalid("cannot attach stdin to a TTY-enabled container because stdin is not a terminal");
  if (detaches && flags.given("attach"))
    co_return invalid("conflicting options: cannot specify both --attach and --detach");
  if (config.tty) {
    TerminalSize size = terminal_size(1);
    request.host_config.console_height = size.rows;
    request.host_config.console_width = size.columns;
  }
  io::Fd id_file = co_await open_id_file(flags.text("cidfile"));
  std::string id = co_await create_container(call, std::move(request));
  co_await write_id(id_file, id);
  if (detaches) {
    co_await call.daemon.post(text("/containers/{}/start", id));
    co_await print(id + "\n");
    co_return 0;
  }
  co_return co_await bring_to_foreground(
      call.daemon, {.id = id,
                    .tty = config.tty,
                    .input = config.attach_stdin,
                    .output = config.attach_stdout,
                    .errors = config.attach_stderr,
                    .sig_proxy = flags.on("sig-proxy"),
                    .detach_keys = flags.text("detach-keys"),
                    .removed = flags.on("rm"),
                    .attaches = config.attach_stdin || config.attach_stdout || config.attach_stderr});
}

Task<int> run(Call call) {
  Result<int> code = co_await run_container(call).result();
  if (code) co_return *code;
  complain(text("podo: {}\n\nRun 'podo run --help' for more information", code.error().message()));
  co_return exit_code_of(code.error());
}

using enum FlagKind;

constexpr Flag run_flags[] = {
    {"detach", 'd', toggle, "Run container in background and print container ID"},
    {"detach-keys", 0, value, "Override the key sequence for detaching a container"},
    {"sig-proxy", 0, toggle, "Proxy received signals to the process", "true"},
};

}  // namespace

std::span<const Command> run_commands() {
  static constexpr Command table[] = {
      {.names = "run|container run",
       .arguments = "IMAGE [COMMAND] [ARG...]",
       .summary = "Create and run a new container from an image",
       .flags = run_flags,
       .least = 1,
       .perform = run,
       .more_flags = container_flags,
       .order = Flags::Order::before_arguments},
      {.names = "create|container create",
       .arguments = "IMAGE [COMMAND] [ARG...]",
       .summary = "Create a new container",
       .least = 1,
       .perform = create,
       .more_flags = container_flags,
       .order = Flags::Order::before_arguments},
  };
  return table;
}

}  // namespace podo::cli
