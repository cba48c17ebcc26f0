#include "container/image/merged_layers.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "container/image/tree.h"

namespace podo::image {

Result<MergedLayers> MergedLayers::open(const std::vector<std::string>& folders_from_topmost) {
  MergedLayers merged;
  std::vector<int>& root = merged.folders_[""];
  for (const std::string& folder : folders_from_topmost) {
    merged.layers_.push_back(TRY(open_folder(AT_FDCWD, folder.c_str())));
    root.push_back(merged.layers_.back().get());
  }
  return merged;
}

std::optional<MergedLayers::Found> MergedLayers::find(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  // Every folder on the way is a true one in each of these, so that the kernel follows no symlink.
  for (int layer : folder(slash == std::string::npos ? "" : path.substr(0, slash))) {
    Found found{{}, layer};
    if (fstatat(layer, path.c_str(), &found.status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (is_whiteout(found.status)) return {};
    return found;
  }
  return {};
}

Result<std::string> MergedLayers::link_of(const std::string& path) {
  const auto found = find(path);
  if (!found) return not_found("{} is not there", path);
  std::string target(PATH_MAX, '\0');
  const ssize_t size = readlinkat(found->layer, path.c_str(), target.data(), target.size());
  if (size < 0) return failed_errno(errno, "readlink {}", path);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

const std::vector<int>& MergedLayers::folder(const std::string& path) {
  if (auto known = folders_.find(path); known != folders_.end()) return known->second;
  const std::size_t slash = path.rfind('/');
  std::vector<int> parts;
  for (int layer : folder(slash == std::string::npos ? "" : path.substr(0, slash))) {
    struct stat status;
    if (fstatat(layer, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISDIR(status.st_mode)) break;
    parts.push_back(layer);
    if (auto opened = open_folder(layer, path.c_str()); opened && is_opaque(opened->get())) break;
  }
  return folders_[path] = std::move(parts);
}

}  // namespace podo::image
