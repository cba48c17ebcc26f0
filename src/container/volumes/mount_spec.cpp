#include "container/volumes/mount_spec.h"

#include <algorithm>

#include "base/linux/path.h"

namespace podo::engine {
namespace {

constexpr std::string_view propagations[] = {"private", "rprivate", "shared", "rshared", "slave", "rslave"};

bool is_propagation(std::string_view word) {
  return std::ranges::find(propagations, word) != std::end(propagations);
}

template <class Each>
void for_each_word(std::string_view words, char separator, Each each) {
  for (;;) {
    const std::size_t end = words.find(separator);
    each(words.substr(0, end));
    if (end == words.npos) return;
    words.remove_prefix(end + 1);
  }
}

struct Modes {
  std::optional<bool> read_only;
  std::string propagation;
  bool no_copy = false;
};

// Each of the five kinds of words at most once.
std::optional<Modes> parse_modes(std::string_view words) {
  Modes modes;
  int access = 0, label = 0, propagation = 0, copy = 0, consistency = 0;
  bool known = true;
  if (words.empty()) return modes;
  for_each_word(words, ',', [&](std::string_view word) {
    if (word == "ro" || word == "rw") {
      ++access;
      modes.read_only = word == "ro";
    } else if (word == "z" || word == "Z") {
      ++label;
    } else if (is_propagation(word)) {
      ++propagation;
      modes.propagation = word;
    } else if (word == "nocopy") {
      ++copy;
      modes.no_copy = true;
    } else if (word == "consistent" || word == "cached" || word == "delegated") {
      ++consistency;
    } else {
      known = false;
    }
  });
  if (!known || std::max({access, label, propagation, copy, consistency}) > 1) return std::nullopt;
  return modes;
}

Result<> check_destination(std::string_view destination) {
  if (destination.empty()) return invalid("field Target must not be empty");
  if (destination[0] != '/')
    return invalid("invalid mount path: '{}' mount path must be absolute", destination);
  if (linux::clean_path(destination) == "/")
    return invalid("invalid specification: destination can't be '/'");
  return {};
}

Failure wrong_spec(std::string_view spec) { return invalid("invalid volume specification: '{}'", spec); }

// --- HostConfig.Mounts ---

Result<> check_bind(const docker::Mount& mount, MountsPlan::Entry& entry) {
  if (mount.source.empty()) return invalid("field Source must not be empty");
  if (mount.volume) return invalid("field VolumeOptions must not be specified");
  if (mount.tmpfs) return invalid("field TmpfsOptions must not be specified");
  if (mount.source[0] != '/')
    return invalid("invalid mount path: '{}' mount path must be absolute", mount.source);
  MountPoint& point = entry.point;
  point.source = linux::clean_path(mount.source);
  point.propagation = "rprivate";
  entry.must_exist = true;
  if (!mount.bind) return {};
  const docker::Mount::Bind& bind = *mount.bind;
  if (!bind.propagation.empty()) {
    if (!is_propagation(bind.propagation)) return invalid("invalid propagation mode: {}", bind.propagation);
    point.propagation = bind.propagation;
  }
  if (bind.read_only_force_recursive && bind.read_only_non_recursive)
    return invalid("ReadOnlyForceRecursive: must not be true when ReadOnlyNonRecursive is true");
  point.non_recursive = bind.non_recursive;
  point.read_only_non_recursive = bind.read_only_non_recursive || bind.non_recursive;
  entry.make_source = bind.create_mountpoint;
  entry.must_exist = !bind.create_mountpoint;
  return {};
}

Result<> check_volume(const docker::Mount& mount, MountsPlan::Entry& entry) {
  if (mount.bind) return invalid("field BindOptions must not be specified");
  if (mount.tmpfs) return invalid("field TmpfsOptions must not be specified");
  MountPoint& point = entry.point;
  if (mount.source.empty() && mount.read_only)
    return invalid("must not set ReadOnly mode when using anonymous volumes");
  point.name = mount.source;
  point.anonymous = mount.source.empty();
  point.driver = "local";
  point.mode = "z";
  if (!mount.volume) return {};
  const docker::Mount::Volume& volume = *mount.volume;
  if (!volume.subpath.empty()) {
    if (point.anonymous) return invalid("must not set Subpath when using anonymous volumes");
    if (volume.subpath[0] == '/' || text("/{}/", volume.subpath).contains("/../"))
      return invalid("subpath must be a relative path within the volume");
  }
  point.no_copy = volume.no_copy;
  point.subpath = volume.subpath;
  if (!volume.driver.empty()) point.driver = volume.driver;
  entry.labels = volume.labels;
  entry.driver_options = volume.driver_options;
  return {};
}

Result<> check_tmpfs(const docker::Mount& mount, MountsPlan::Entry& entry) {
  if (mount.bind) return invalid("field BindOptions must not be specified");
  if (mount.volume) return invalid("field VolumeOptions must not be specified");
  if (!mount.source.empty()) return invalid("field Source must not be specified");
  std::string& options = entry.point.tmpfs_options;
  const auto add = [&](std::string_view option) {
    options += (options.empty() ? "" : ",") + std::string(option);
  };
  if (mount.read_only) add("ro");
  if (!mount.tmpfs) return {};
  entry.point.tmpfs_bytes = mount.tmpfs->size_bytes;
  entry.point.tmpfs_mode = mount.tmpfs->mode;
  if (mount.tmpfs->size_bytes > 0) add(text("size={}", mount.tmpfs->size_bytes));
  if (mount.tmpfs->mode != 0) add(text("mode={:o}", mount.tmpfs->mode));
  for (const docker::Strings& option : mount.tmpfs->options) {
    if (option.size() != 1 || (option[0] != "exec" && option[0] != "noexec"))
      return invalid("invalid tmpfs option {}", option.empty() ? std::string() : option[0]);
    add(option[0]);
  }
  return {};
}

Result<> check_mount(const docker::Mount& mount, MountsPlan::Entry& entry) {
  TRY(check_destination(mount.target));
  if (mount.type == "bind") return check_bind(mount, entry);
  if (mount.type == "volume") return check_volume(mount, entry);
  if (mount.type == "tmpfs") return check_tmpfs(mount, entry);
  if (mount.type == "image" || mount.type == "npipe" || mount.type == "cluster")
    return unsupported("mount type {} is not supported here", mount.type);
  return invalid("mount type unknown: \"{}\"", mount.type);
}

}  // namespace

Result<MountsPlan::Entry> read_bind(std::string_view spec, std::string_view volume_driver) {
  std::vector<std::string_view> parts;
  for_each_word(spec, ':', [&](std::string_view part) { parts.push_back(part); });
  if (parts.size() > 3 || parts[0].empty()) return wrong_spec(spec);
  MountsPlan::Entry entry;
  MountPoint& point = entry.point;
  if (parts.size() == 2 && parts[1][0] != '/' && parse_modes(parts[1])) return wrong_spec(spec);  // "/x:ro"
  point.destination = parts.size() == 1 ? parts[0] : parts[1];
  const std::string_view source = parts.size() == 1 ? std::string_view() : parts[0];
  if (parts.size() == 3) point.mode = parts[2];
  const auto modes = parse_modes(point.mode);
  if (!modes) return invalid("invalid mode: {}", point.mode);
  point.type = source.starts_with('/') ? "bind" : "volume";
  if (const auto good = check_destination(point.destination); !good) {
    return invalid("invalid volume specification: '{}': invalid mount config for type \"{}\": {}", spec,
                   point.type, good.error().message());
  }
  point.destination = linux::clean_path(point.destination);
  point.read_write = !modes->read_only.value_or(false);
  point.no_copy = modes->no_copy;
  if (point.type == "bind") {
    point.source = linux::clean_path(source);
    point.propagation = modes->propagation.empty() ? "rprivate" : modes->propagation;
    entry.make_source = true;
    return entry;
  }
  if (!modes->propagation.empty()) return invalid("invalid mode: {}", point.mode);
  point.name = source;
  point.anonymous = source.empty();
  point.driver = volume_driver.empty() ? "local" : volume_driver;
  if (point.mode.empty()) point.mode = "z";
  return entry;
}

Result<MountsPlan::Entry> read_mount(const docker::Mount& mount) {
  MountsPlan::Entry entry;
  entry.point.type = mount.type;
  entry.point.read_write = !mount.read_only;
  TRY_IN(text("invalid mount config for type \"{}\"", mount.type), check_mount(mount, entry));
  entry.point.destination = linux::clean_path(mount.target);
  return entry;
}

Result<VolumesFrom> read_volumes_from(std::string_view spec) {
  const std::size_t colon = spec.find(':');
  VolumesFrom from{.container = std::string(spec.substr(0, colon)), .read_write = {}};
  if (from.container.empty()) return invalid("invalid volumes-from specification: '{}'", spec);
  if (colon == spec.npos) return from;
  const std::string_view words = spec.substr(colon + 1);
  const auto modes = parse_modes(words);
  if (!modes || words.empty() || !modes->propagation.empty() || modes->no_copy)
    return invalid("invalid mode for volumes-from: {}", words);
  from.read_write = !modes->read_only.value_or(false);
  return from;
}

}  // namespace podo::engine
