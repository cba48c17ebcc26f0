#include "model/docker/exec_config.h"

#include "model/docker/decode_members.h"
#include "model/docker/encode_members.h"

namespace podo::docker {

static void members(Members& of, ExecConfig& to) {
  of.may("User", to.user)
      .may("Privileged", to.privileged)
      .may("Tty", to.tty)
      .may("ConsoleSize", to.console_size)
      .may("AttachStdin", to.attach_stdin)
      .may("AttachStderr", to.attach_stderr)
      .may("AttachStdout", to.attach_stdout)
      .may("DetachKeys", to.detach_keys)
      .may("Env", to.env)
      .may("WorkingDir", to.working_dir)
      .may("Cmd", to.cmd);
}

Result<ExecConfig> decode_exec_config(const json::Document& body) {
  ExecConfig config;
  TRY(read(Field(body), config));
  return config;
}

void encode(Writer& out, const ExecConfig& config) {
  out.object();
  member(out, "User", config.user);
  member(out, "Privileged", config.privileged);
  member(out, "Tty", config.tty);
  if (config.console_size) {
    const auto [height, width] = *config.console_size;
    out.key("ConsoleSize").array().number(height).number(width).end();
  }
  member(out, "AttachStdin", config.attach_stdin);
  member(out, "AttachStderr", config.attach_stderr);
  member(out, "AttachStdout", config.attach_stdout);
  member(out, "DetachKeys", config.detach_keys);
  member_or_null(out, "Env", config.env);
  member(out, "WorkingDir", config.working_dir);
  member(out, "Cmd", config.cmd);
  out.end();
}

}  // namespace podo::docker
