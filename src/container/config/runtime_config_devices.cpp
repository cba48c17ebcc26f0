// `linux.devices` and the device rules of the cgroup.
#include "container/config/runtime_config_parts.h"

namespace podo::engine {
namespace {

oci::DeviceRule allow(char type, std::int64_t major, std::int64_t minor, std::string_view access = "rwm") {
  return {true, std::string(1, type), std::string(access), major, minor};
}

}  // namespace

Result<std::vector<oci::DeviceRule>> device_rules(const ConfigInput& input) {
  const docker::HostConfig& wish = input.container.host_config;
  std::vector<oci::DeviceRule> rules;
  if (wish.privileged) {
    rules.push_back({true, "", "rwm", {}, {}});
  } else {
    rules.push_back({false, "", "rwm", {}, {}});
    // zero, null, urandom, random, tty, console
    for (const auto& [major, minor] : {std::pair{1, 5}, {1, 3}, {1, 9}, {1, 8}, {5, 0}, {5, 1}})
      rules.push_back(allow('c', major, minor));
    rules.push_back({false, "c", "rwm", 10, 229});  // fuse
    for (const HostDevice& device : input.devices.nodes)
      rules.push_back(allow(device.type, device.major, device.minor, device.access));
  }
  for (const std::string& rule : wish.resources.device_cgroup_rules)
    rules.push_back(TRY(parse_device_rule(rule)));
  return rules;
}

void write_devices(json::Writer& out, const HostDevices& devices) {
  if (devices.nodes.empty()) return;
  out.key("devices").array();
  for (const HostDevice& device : devices.nodes) {
    out.object().key("type").string(std::string_view(&device.type, 1)).key("path").string(device.path);
    out.key("major").number(device.major).key("minor").number(device.minor);
    out.key("fileMode").number(device.file_mode).key("uid").number(device.uid).key("gid").number(device.gid);
    out.end();
  }
  out.end();
}

}  // namespace podo::engine
