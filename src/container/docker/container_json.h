// The parts of a container's JSON that the list and inspect have in common. Private to
// container/docker.
#pragma once

#include "container/docker/call.h"

namespace podo::docker {

// "2026-11-22T17:13:31.5Z"; Go's zero time for one that never was.
std::string go_time(Wall at);

// The value of NetworkSettings.Networks: what it has, or (not running) what it is to have.
void write_networks(json::Writer& out, const Call& call, const engine::Container& container);
// The network that NetworkMode means ("default" is "bridge"); "" for container:x.
std::string network_of_mode(std::string_view mode);

void write_mounts(json::Writer& out, const engine::Container& container);

// Ports of a running container: published ones once for each family, exposed ones without an address.
struct ShownPort {
  std::string key;  // "80/tcp"
  std::string protocol;
  unsigned container_port = 0, host_port = 0;  // host_port 0: exposed only
  std::string host_ip;
};
std::vector<ShownPort> shown_ports(const engine::Container& container);

bool is_alive(const engine::Container& container);                      // running, paused or restarting
std::string status_text(const engine::Container& container, Wall now);  // "Up 3 minutes (healthy)"
std::string human_duration(Duration duration);                          // "About an hour"
std::string command_text(const engine::Container& container);
// As it was asked for, unless that name means another image by now.
std::string shown_image(const Call& call, const engine::Container& container);

}  // namespace podo::docker
