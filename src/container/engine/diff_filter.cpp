#include "container/engine/diff_filter.h"

#include <algorithm>

namespace podo::engine {
namespace {

constexpr std::string_view places[] = {
    "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/sbin/docker-init", "/.dockerenv", "/dev",
    "/proc",         "/sys"};

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool is_place(std::string_view path) {
  return std::ranges::any_of(places,
                             [&](std::string_view place) { return path == place || is_below(path, place); });
}

}  // namespace

std::vector<image::Change> without_mount_places(std::vector<image::Change> changes) {
  std::vector<std::string> left_out;
  std::erase_if(changes, [&](const image::Change& change) {
    // What was there in the image and changed is the container's doing.
    const bool is_ours = change.kind == image::ChangeKind::added && is_place(change.path);
    if (is_ours) left_out.push_back(change.path);
    return is_ours;
  });
  // A folder that changed only because of them.
  const std::vector<image::Change> rest = changes;
  std::erase_if(changes, [&](const image::Change& change) {
    const auto holds = [&](std::string_view path) { return is_below(path, change.path); };
    return change.kind == image::ChangeKind::modified && std::ranges::any_of(left_out, holds) &&
           std::ranges::none_of(rest, holds, &image::Change::path);
  });
  return changes;
}

}  // namespace podo::engine
