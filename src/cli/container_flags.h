// The flags of `run` and `create`, and the request they make. Values only, but for the files they name.
#pragma once

#include "cli/console/flags.h"
#include "model/docker/container_config.h"

namespace podo::cli {

std::span<const Flag> container_flags();

// `arguments` are IMAGE [COMMAND] [ARG...]. `attaches`: the command will stay and show the output.
Result<docker::CreateRequest> create_request_of(const Flags& flags, bool detaches);
std::string encode(const docker::CreateRequest& request);

// "8080:80/udp", "127.0.0.1:8000-8010:80-90", "[::1]::80"
Result<> add_port(docker::HostConfig& host, docker::Config& config, std::string_view spec);
Result<docker::Mount> parse_mount(std::string_view spec);  // "type=bind,source=/a,target=/b,readonly"
// "web" or "name=web,alias=a,ip=10.0.0.2": the network's name is the first.
Result<std::pair<std::string, docker::EndpointSettings>> parse_network(std::string_view spec);
Result<docker::RestartPolicy> parse_restart_policy(std::string_view text);  // "on-failure:3"
Result<docker::StringMap> parse_pairs(const std::vector<std::string>& pairs, std::string_view flag);
// What -e, --env-file mean: a name without a value takes this process's.
Result<std::vector<std::string>> environment_of(const Flags& flags);
Result<docker::Ulimit> parse_ulimit(std::string_view text);           // "nofile=1024:2048"
Result<std::vector<std::string>> extra_hosts_of(const Flags& flags);  // of --add-host
Result<std::string> read_text_file(const std::string& path);

}  // namespace podo::cli
