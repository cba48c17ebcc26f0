// The body of POST /containers/{id}/exec as a value.
#pragma once

#include <array>

#include "model/docker/container_config.h"

namespace podo::docker {

struct ExecConfig {
  bool attach_stdin = false, attach_stdout = false, attach_stderr = false, tty = false, privileged = false;
  std::string detach_keys, user, working_dir;
  Strings env, cmd;
  std::optional<std::array<std::uint32_t, 2>> console_size;  // height, width
};
Result<ExecConfig> decode_exec_config(const json::Document& body);
void encode(json::Writer& out, const ExecConfig& config);  // what decode_exec_config() reads

}  // namespace podo::docker
