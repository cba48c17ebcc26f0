// plan_mounts(): what is asked for in five places becomes one list, each destination once.
#include <algorithm>

#include "base/linux/path.h"
#include "container/volumes/mount_spec.h"

namespace podo::engine {
namespace {

class Planning {
 public:
  explicit Planning(const docker::HostConfig& wish) : wish_(wish) {}
  Result<> add_volumes_from(const FindContainer& find_container);
  Result<> add_binds();
  Result<> add_mounts();
  Result<> add_volumes(const std::map<std::string, bool>& volumes);
  MountsPlan take() { return std::move(plan_); }

 private:
  MountsPlan::Entry* find(std::string_view destination) {
    const auto found = std::ranges::find_if(
        plan_.entries, [&](const auto& entry) { return entry.point.destination == destination; });
    return found == plan_.entries.end() ? nullptr : &*found;
  }
  // In place of one that another container lent; of two that were asked for here, one is too many.
  Result<> put(MountsPlan::Entry entry);
  bool is_tmpfs(std::string_view destination) const {
    return std::ranges::any_of(wish_.tmpfs,
                               [&](const auto& one) { return linux::clean_path(one.first) == destination; });
  }
  const docker::HostConfig& wish_;
  MountsPlan plan_;
  std::vector<std::string> asked_;  // destinations
};

Result<> Planning::put(MountsPlan::Entry entry) {
  const std::string& destination = entry.point.destination;
  if (std::ranges::find(asked_, destination) != asked_.end() || is_tmpfs(destination))
    return invalid("Duplicate mount point: {}", destination);
  asked_.push_back(destination);
  if (MountsPlan::Entry* lent = find(destination)) *lent = std::move(entry);
  else plan_.entries.push_back(std::move(entry));
  return {};
}

Result<> Planning::add_volumes_from(const FindContainer& find_container) {
  for (const std::string& spec : wish_.volumes_from) {
    const VolumesFrom from = TRY(read_volumes_from(spec));
    const ContainerPtr other = TRY(find_container(from.container));
    for (const MountPoint& point : other->mounts) {
      if (point.type == "tmpfs") continue;
      MountsPlan::Entry entry;
      entry.point = point;
      entry.point.read_write = point.read_write && from.read_write.value_or(true);
      entry.point.no_copy = true;
      entry.point.anonymous = false;  // it goes with the container it was made for
      if (MountsPlan::Entry* earlier = find(point.destination)) *earlier = std::move(entry);
      else plan_.entries.push_back(std::move(entry));
    }
  }
  return {};
}

Result<> Planning::add_binds() {
  for (const std::string& spec : wish_.binds) TRY(put(TRY(read_bind(spec, wish_.volume_driver))));
  return {};
}

Result<> Planning::add_mounts() {
  for (const docker::Mount& mount : wish_.mounts) TRY(put(TRY(read_mount(mount))));
  return {};
}

// Of the image, and -v with a destination alone: where nothing else is.
Result<> Planning::add_volumes(const std::map<std::string, bool>& volumes) {
  for (const auto& [path, nothing] : volumes) {
    if (path.empty() || path[0] != '/')
      return invalid("invalid mount path: '{}' mount path must be absolute", path);
    const std::string destination = linux::clean_path(path);
    if (destination == "/") return invalid("invalid specification: destination can't be '/'");
    if (find(destination) || is_tmpfs(destination)) continue;
    MountsPlan::Entry entry;
    entry.point.type = "volume";
    entry.point.destination = destination;
    entry.point.driver = wish_.volume_driver.empty() ? "local" : wish_.volume_driver;
    entry.point.anonymous = true;
    plan_.entries.push_back(std::move(entry));
  }
  return {};
}

}  // namespace

Result<MountsPlan> plan_mounts(const std::map<std::string, bool>& volumes,
                               const docker::HostConfig& host_config, const FindContainer& find_container) {
  Planning planning(host_config);
  TRY(planning.add_volumes_from(find_container));
  TRY(planning.add_binds());
  TRY(planning.add_mounts());
  TRY(planning.add_volumes(volumes));
  return planning.take();
}

}  // namespace podo::engine
