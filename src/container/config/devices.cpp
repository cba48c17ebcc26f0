#include "container/config/devices.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <memory>

#include "base/core/number.h"

namespace podo::engine {
namespace {

constexpr std::size_t nodes_max = 4096;
constexpr int folders_deep_max = 8;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::optional<HostDevice> device_of(const struct stat& status, std::string path, const std::string& access) {
  if (!S_ISCHR(status.st_mode) && !S_ISBLK(status.st_mode)) return std::nullopt;
  return HostDevice{.type = S_ISBLK(status.st_mode) ? 'b' : 'c',
                    .path = std::move(path),
                    .major = ::major(status.st_rdev),
                    .minor = ::minor(status.st_rdev),
                    .file_mode = status.st_mode & 07777u,
                    .uid = status.st_uid,
                    .gid = status.st_gid,
                    .access = access};
}

// Nodes below a folder, found again below `inside`. Those with mounts of their own in a container are passed
// over, and what vanishes meanwhile.
void add_folder(const std::string& folder, const std::string& inside, const std::string& access, int deep,
                std::vector<HostDevice>& nodes) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(folder.c_str()));
  if (!directory || deep > folders_deep_max) return;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || nodes.size() >= nodes_max) continue;
    for (const auto skipped : {"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console"}) {
      if (name == skipped) goto next;
    }
    {
      struct stat status{};
      const std::string path = folder + "/" + name;
      if (::lstat(path.c_str(), &status) != 0) continue;
      if (S_ISDIR(status.st_mode)) add_folder(path, inside + "/" + name, access, deep + 1, nodes);
      else if (auto device = device_of(status, inside + "/" + name, access))
        nodes.push_back(std::move(*device));
    }
  next:;
  }
}

Failure gathering_failed(const std::string& path, std::string_view why) {
  return invalid("error gathering device information while adding custom device \"{}\": {}", path, why);
}

Result<> check_access(std::string_view access, std::string_view path) {
  if (access.size() <= 3 && access.find_first_not_of("rwm") == access.npos) return {};
  return invalid("invalid device mode: {}: {}", access, path);
}

Result<> add_mapping(const docker::DeviceMapping& mapping, std::vector<HostDevice>& nodes) {
  const std::string& from = mapping.path_on_host;
  const std::string& inside = mapping.path_in_container.empty() ? from : mapping.path_in_container;
  const std::string access = mapping.cgroup_permissions.empty() ? "rwm" : mapping.cgroup_permissions;
  TRY(check_access(access, from));
  struct stat status{};
  if (::stat(from.c_str(), &status) != 0) {
    if (errno == ENOENT) return gathering_failed(from, "no such file or directory");
    return gathering_failed(from, describe_errno(errno));
  }
  if (auto device = device_of(status, inside, access)) {
    nodes.push_back(std::move(*device));
    return {};
  }
  const std::size_t before = nodes.size();
  if (S_ISDIR(status.st_mode)) add_folder(from, inside, access, 0, nodes);
  if (nodes.size() == before) return gathering_failed(from, "not a device node");
  return {};
}

Result<> refuse_requests(const std::vector<docker::DeviceRequest>& requests) {
  if (requests.empty()) return {};
  std::string capabilities = "[";
  for (const docker::Strings& all_of : requests[0].capabilities) {
    capabilities += capabilities.size() > 1 ? " [" : "[";
    for (std::size_t i = 0; i < all_of.size(); ++i) capabilities += (i > 0 ? " " : "") + all_of[i];
    capabilities += "]";
  }
  return invalid("could not select device driver \"{}\" with capabilities: {}]", requests[0].driver,
                 capabilities);
}

Result<> add_block_number(const std::string& path, HostDevices& devices) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return failed_errno(errno, "stat {}", path);
  if (!S_ISBLK(status.st_mode)) return invalid("{} is not a block device", path);
  devices.block[path] = {::major(status.st_rdev), ::minor(status.st_rdev)};
  return {};
}

Result<std::optional<std::int64_t>> parse_number(std::string_view word, std::string_view rule) {
  if (word == "*") return std::nullopt;
  const auto number = whole_number<std::int64_t>(word);
  if (!number || *number < 0) return invalid("invalid device cgroup rule format: '{}'", rule);
  return number;
}

}  // namespace

Result<HostDevices> host_devices(const docker::Resources& resources, bool privileged) {
  TRY(refuse_requests(resources.device_requests));
  HostDevices devices;
  if (privileged) add_folder("/dev", "/dev", "rwm", 0, devices.nodes);
  for (const docker::DeviceMapping& mapping : resources.devices) {
    if (privileged &&
        (mapping.path_in_container.empty() || mapping.path_in_container == mapping.path_on_host))
      continue;  // among all of them
    TRY(add_mapping(mapping, devices.nodes));
  }
  for (const auto& device : resources.blkio_weight_device) TRY(add_block_number(device.path, devices));
  for (const auto* list : {&resources.blkio_read_bps, &resources.blkio_write_bps, &resources.blkio_read_iops,
                           &resources.blkio_write_iops}) {
    for (const auto& device : *list) TRY(add_block_number(device.path, devices));
  }
  return devices;
}

Result<oci::DeviceRule> parse_device_rule(std::string_view rule) {
  const auto wrong = [&] { return invalid("invalid device cgroup rule format: '{}'", rule); };
  if (rule.size() < 7 || rule[1] != ' ' || (rule[0] != 'a' && rule[0] != 'b' && rule[0] != 'c'))
    return wrong();
  const std::string_view numbers = rule.substr(2, rule.find(' ', 2) - 2);
  const std::size_t colon = numbers.find(':');
  if (colon == numbers.npos || numbers.size() + 3 >= rule.size()) return wrong();
  const std::string_view access = rule.substr(numbers.size() + 3);
  if (access.size() > 3 || access.find_first_not_of("rwm") != access.npos) return wrong();
  oci::DeviceRule parsed{true, std::string(1, rule[0]), std::string(access), {}, {}};
  parsed.major = TRY(parse_number(numbers.substr(0, colon), rule));
  parsed.minor = TRY(parse_number(numbers.substr(colon + 1), rule));
  return parsed;
}

}  // namespace podo::engine
