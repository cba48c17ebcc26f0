#include "container/docker/handlers.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

Result<engine::Engine::ExecStart> decode_start(const json::Document& body) {
  engine::Engine::ExecStart start;
  const json::Field root(body);
  start.detach = TRY(root["Detach"].boolean_or(false));
  start.tty = TRY(root["Tty"].boolean_or(false));
  if (const json::Field size = root["ConsoleSize"]; size && size.size() == 2) {
    start.console_size = {TRY(size[0].uint32()), TRY(size[1].uint32())};
  }
  return start;
}

// One frame of Docker's multiplexed stream: stream:u8 0 0 0 size:be32 bytes
std::string framed(std::string_view text, bool terminal) {
  if (terminal) return std::string(text);
  const auto byte = [&](int shift) { return static_cast<char>(text.size() >> shift); };
  std::string frame{'\1', '\0', '\0', '\0', byte(24), byte(16), byte(8), byte(0)};
  return frame.append(text);
}

}  // namespace

Task<void> create_exec(Call& call) {
  const json::Document body = co_await call.body();
  ExecConfig config = co_await decode_exec_config(body);
  if (config.cmd.empty()) co_await invalid("No exec command specified");
  const std::string id = co_await call.engine().create_exec(call.name, std::move(config));
  json::Writer out;
  out.object().key("Id").string(id).end();
  co_await call.answer(201, out);
}

// A client that listens is told of a failure in the stream, and asks for the exit code: so it shows
// what went wrong where the program's own errors would stand, as with Docker.
Task<void> start_exec(Call& call) {
  const auto exec = co_await call.engine().get_exec(call.name);
  const json::Document body = co_await call.body();
  const engine::Engine::ExecStart start = co_await decode_start(body);
  if (start.detach) {
    co_await call.engine().start_exec(exec->id, start);
    co_await call.nothing(200);
    co_return;
  }
  if (exec->started) co_await conflict("exec {} has already run", exec->id);
  auto client = co_await take_over(call, start.tty);
  auto output = co_await call.engine().start_exec(exec->id, start).result();
  if (output) co_return co_await relay(std::move(client), *std::move(output));
  co_await io::write_text(*client, framed(text("{}\r\n", output.error().message()), start.tty));
}

Task<void> inspect_exec(Call& call) {
  const auto exec = co_await call.engine().get_exec(call.name);
  const ExecConfig& config = exec->config;
  json::Writer out;
  out.object().key("ID").string(exec->id).key("Running").boolean(exec->running);
  out.key("ExitCode");
  if (exec->exit_code) out.number(*exec->exit_code);
  else out.null();
  out.key("ProcessConfig").object();
  out.key("tty").boolean(config.tty).key("entrypoint").string(config.cmd.empty() ? "" : config.cmd[0]);
  member(out, "arguments", Strings(config.cmd.begin() + (config.cmd.empty() ? 0 : 1), config.cmd.end()));
  out.key("privileged").boolean(config.privileged);
  member_if(out, "user", config.user);
  out.end();
  out.key("OpenStdin").boolean(config.attach_stdin).key("OpenStderr").boolean(config.attach_stderr);
  out.key("OpenStdout").boolean(config.attach_stdout).key("CanRemove").boolean(false);
  out.key("ContainerID").string(exec->container_id).key("DetachKeys").string(config.detach_keys);
  out.key("Pid").number(exec->pid).end();
  co_await call.answer(200, out);
}

}  // namespace podo::docker
