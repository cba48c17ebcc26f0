// What the files of runtime_config share: the input of one config, and the section each file writes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_writer.h"
#include "container/config/create_config.h"
#include "container/config/runtime_config.h"

namespace podo::engine {

struct ConfigInput {
  const Container& container;
  const Machine& machine;
  const Sandbox& sandbox;
  std::span<const ReadyMount> mounts;
  const UserIds& user;
  const HostDevices& devices;
};
using Warnings = std::vector<std::string>;

inline constexpr std::string_view unconfined = "unconfined";  // by AppArmor, or by seccomp

// HostConfig.SecurityOpt, sorted. Errors: `invalid --security-opt 1: "x"`.
struct SecurityOptions {
  bool no_new_privileges = false, writable_cgroups = false;
  std::string seccomp = "builtin";  // or "unconfined", or a profile as JSON
  std::string apparmor;
  std::vector<std::string> labels;
};
Result<SecurityOptions> read_security_options(const docker::HostConfig& host_config);

// Files of /proc and /sys that tell about the host, or change it.
docker::Strings default_masked_paths(const Machine& machine);
docker::Strings default_readonly_paths();

// Modes as people write them: "container:x", "host", "private"...
bool is_container_mode(std::string_view mode);
inline bool is_private_network(std::string_view mode) {
  return mode != "host" && !is_container_mode(mode) && sandbox_of_mode(mode).empty();
}

// What both a container's process and an exec's have.
struct ProcessWish {
  std::vector<std::string> args, env;
  std::string cwd;
  bool terminal = false, privileged = false;
  std::uint32_t console_height = 0, console_width = 0;
};
// runtime_config_process.cpp: a whole `process`.
Result<> write_process(json::Writer& out, const Container& container, const ProcessWish& wish,
                       const Machine& machine, const UserIds& user, Warnings& warnings);
std::vector<std::string> container_environment(const Container& container, const UserIds& user,
                                               bool terminal);

void write_mounts(json::Writer& out, const ConfigInput& input);            // "mounts"
std::string_view root_propagation(std::span<const ReadyMount> mounts);     // "" when none asks for one
void write_resources(json::Writer& out, const oci::Resources& resources);  // "resources"
Result<std::vector<oci::DeviceRule>> device_rules(const ConfigInput& input);
void write_devices(json::Writer& out, const HostDevices& devices);     // "devices"
Result<> write_security(json::Writer& out, const ConfigInput& input);  // "seccomp", masked and readonly paths

void write_strings(json::Writer& out, std::string_view key, std::span<const std::string_view> words);
void write_strings(json::Writer& out, std::string_view key, const std::vector<std::string>& words);

}  // namespace podo::engine
