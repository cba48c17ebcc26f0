// What a container may not see and call: seccomp, masked and read-only paths; and the options that change it.
#include "container/config/default_capabilities.h"
#include "container/config/default_seccomp.h"
#include "container/config/runtime_config_parts.h"

namespace podo::engine {
namespace {

Result<bool> read_flag(std::string_view value, std::string_view option) {
  for (const auto yes : {"true", "1", "t", "T", "TRUE", "True"}) {
    if (value == yes) return true;
  }
  for (const auto no : {"false", "0", "f", "F", "FALSE", "False"}) {
    if (value == no) return false;
  }
  return invalid("invalid --security-opt 2: \"{}\"", option);
}

Result<> read_option(const std::string& option, SecurityOptions& options) {
  if (option == "no-new-privileges") {
    options.no_new_privileges = true;
    return {};
  }
  if (option == "disable") {
    options.labels.emplace_back("disable");
    return {};
  }
  std::size_t separator = option.find('=');
  if (separator == std::string::npos) separator = option.find(':');  // as it was long ago
  if (separator == std::string::npos) return invalid("invalid --security-opt 1: \"{}\"", option);
  const std::string_view key = std::string_view(option).substr(0, separator);
  std::string value = option.substr(separator + 1);
  if (key == "no-new-privileges") {
    options.no_new_privileges = TRY(read_flag(value, option));
  } else if (key == "writable-cgroups") {
    options.writable_cgroups = TRY(read_flag(value, option));
  } else if (key == "seccomp") {
    options.seccomp = std::move(value);
  } else if (key == "apparmor") {
    options.apparmor = std::move(value);
  } else if (key == "label") {
    options.labels.push_back(std::move(value));
  } else {
    return invalid("invalid --security-opt 2: \"{}\"", option);
  }
  return {};
}

Result<> write_seccomp(json::Writer& out, const ConfigInput& input, const SecurityOptions& security) {
  const docker::HostConfig& wish = input.container.host_config;
  if (wish.privileged || security.seccomp == unconfined) return {};
  const std::uint64_t capabilities = TRY(wanted_capabilities(wish, input.machine));
  out.key("seccomp");
  if (!security.seccomp.empty() && security.seccomp != "builtin")
    return write_seccomp_profile(out, security.seccomp, capabilities, input.machine);
  write_default_seccomp(out, capabilities, input.machine);
  return {};
}

}  // namespace

docker::Strings default_masked_paths(const Machine& machine) {
  docker::Strings paths = {
      "/proc/acpi",
      "/proc/asound",
      "/proc/interrupts",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/sched_debug",
      "/proc/scsi",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/sys/devices/virtual/powercap",
      "/sys/firmware",
  };
  for (unsigned cpu = 0; machine.thermal_throttle && cpu < machine.cpus; ++cpu)
    paths.push_back(text("/sys/devices/system/cpu/cpu{}/thermal_throttle", cpu));
  return paths;
}

docker::Strings default_readonly_paths() {
  return {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

Result<SecurityOptions> read_security_options(const docker::HostConfig& host_config) {
  SecurityOptions options;
  for (const std::string& option : host_config.security_opt) TRY(read_option(option, options));
  return options;
}

// "docker-default" is what people call the engine's own.
Result<std::string> apparmor_profile_of(const docker::HostConfig& host_config,
                                        std::string_view default_profile) {
  const std::string asked = TRY(read_security_options(host_config)).apparmor;
  if (asked == "docker-default" && !default_profile.empty()) return std::string(default_profile);
  if (!asked.empty()) return asked;
  return std::string(host_config.privileged ? unconfined : default_profile);
}

Result<> write_security(json::Writer& out, const ConfigInput& input) {
  const docker::HostConfig& wish = input.container.host_config;
  TRY(write_seccomp(out, input, TRY(read_security_options(wish))));
  if (wish.privileged) return {};
  write_strings(out, "maskedPaths",
                wish.masked_paths ? *wish.masked_paths : default_masked_paths(input.machine));
  write_strings(out, "readonlyPaths", wish.readonly_paths ? *wish.readonly_paths : default_readonly_paths());
  return {};
}

}  // namespace podo::engine
