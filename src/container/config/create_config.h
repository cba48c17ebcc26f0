// What a container will be, from what was asked for and what its image brings. Pure.
//
// The order at create: settle() -> check_network_mode() -> merge_image() -> check_request(), and those of
// runtime_config.h.
// Errors are invalid, in Docker's words.
#pragma once

#include <string>
#include <vector>

#include "container/config/container.h"

namespace podo::engine {

// The image's settings where the request has none; environment, labels, ports and volumes are united. No
// command in either: "no command specified".
Result<> merge_image(docker::Config& config, const oci::ImageConfig& image);

Result<> check_request(const docker::CreateRequest& request);
// Its network mode against the rest of it, before the image's exposed ports are in there.
Result<> check_network_mode(const docker::CreateRequest& request);

// What is filled in where nothing was said, besides complete_host_config() (runtime_config.h): network mode
// bridge, the daemon's way of logging, ports that are exposed because they are bound.
void settle(docker::CreateRequest& request, const docker::HostConfig::LogConfig& default_log);

// Program and arguments.
struct CommandLine {
  std::string path;
  std::vector<std::string> args;
};
CommandLine command_line(const docker::Config& config);

// The host's ports that are wanted, from the bindings and (publish_all_ports) what is exposed.
Result<std::vector<network::PublishedPort>> plan_ports(const docker::Config& config,
                                                       const docker::HostConfig& host_config);

// "container:web", "sandbox:ID", with any "host", "none", "default" or a network's name.
struct NetworkMode {
  enum class Kind : std::uint8_t { bridge, user, host, none, container, sandbox } kind = Kind::bridge;
  std::string name;  // of the network, the container or the sandbox
  bool is_shared() const { return kind == Kind::container || kind == Kind::sandbox; }
};
NetworkMode network_mode(const docker::HostConfig& host_config);
std::string_view container_of_mode(std::string_view mode);        // "container:x" -> "x", else ""
inline std::string_view sandbox_of_mode(std::string_view mode) {  // "sandbox:x" -> "x", else ""
  constexpr std::string_view prefix = "sandbox:";
  return mode.starts_with(prefix) ? mode.substr(prefix.size()) : std::string_view();
}
// The sandbox it joins with any of its modes, or "". Invalid: two of them, or none that has a name.
Result<std::string_view> sandbox_of(const docker::HostConfig& host_config);

}  // namespace podo::engine
