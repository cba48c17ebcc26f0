// `linux.devices` (config-linux.md#devices), the default devices included.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "container/plan/plan_parts.h"

namespace podo::runtime {
namespace {

// config-linux.md#default-devices; ptmx and console belong to the terminal.
struct DefaultDevice {
  std::string_view path;
  unsigned major, minor;
};
constexpr DefaultDevice defaults[] = {
    {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

constexpr std::int64_t major_max = (1 << 12) - 1, minor_max = (1 << 20) - 1;  // what the kernel's dev_t holds

std::optional<std::uint32_t> kind_of(std::string_view type) {
  if (type == "c" || type == "u") return S_IFCHR;
  if (type == "b") return S_IFBLK;
  if (type == "p") return S_IFIFO;
  return std::nullopt;
}

bool has_parent_step(std::string_view path) {
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (path.substr(at, end - at) == "..") return true;
    at = end + 1;
  }
  return false;
}

Result<std::uint64_t> plan_number(const oci::Device& device, std::string_view where) {
  if (device.type == "p") return std::uint64_t{0};
  if (device.major < 0 || device.major > major_max)
    return invalid("{}.major: {} is not 0..{}", where, device.major, major_max);
  if (device.minor < 0 || device.minor > minor_max)
    return invalid("{}.minor: {} is not 0..{}", where, device.minor, minor_max);
  return makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor));
}

Result<DevicePlan> plan_device(const oci::Device& device, std::string_view where) {
  const auto kind = kind_of(device.type);
  if (!kind) return invalid("{}.type: {} is not c, u, b or p", where, quoted(device.type));
  TRY(check_absolute(device.path, text("{}.path", where)));
  if (device.path.ends_with('/') || has_parent_step(device.path)) {
    return invalid("{}.path: {} does not name a file", where, quoted(device.path));
  }
  // Some engines send the whole st_mode.
  const std::uint32_t mode = device.file_mode.value_or(0666), type_bits = mode & ~07777u;
  if (type_bits != 0 && type_bits != *kind)
    return invalid("{}.fileMode: 0{:o} is not a mode of that type", where, mode);
  const std::uint64_t number = TRY(plan_number(device, where));
  return DevicePlan{.path = device.path,
                    .mode = *kind | (mode & 07777),
                    .number = number,
                    .uid = device.uid.value_or(0),
                    .gid = device.gid.value_or(0)};
}

}  // namespace

Result<std::vector<DevicePlan>> plan_devices(std::span<const oci::Device> devices) {
  std::vector<DevicePlan> plan;
  plan.reserve(devices.size() + std::size(defaults));
  for (const DefaultDevice& device : defaults) {
    if (std::ranges::find(devices, device.path, &oci::Device::path) != devices.end()) continue;
    plan.push_back({.path = std::string(device.path),
                    .mode = S_IFCHR | 0666,
                    .number = makedev(device.major, device.minor)});
  }
  for (std::size_t i = 0; i < devices.size(); ++i) {
    plan.push_back(TRY(plan_device(devices[i], text("linux.devices[{}]", i))));
  }
  return plan;
}

}  // namespace podo::runtime
