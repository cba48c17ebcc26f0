#include "container/copy/open_folders.h"

#include <fcntl.h>

#include <algorithm>

#include "base/linux/path.h"

namespace podo::builder {

Result<int> OpenFolders::get(std::string_view path) {
  if (path.empty()) return root_;
  const auto found = std::ranges::find(kept_, path, &Kept::path);
  if (found != kept_.end()) {
    std::rotate(found, found + 1, kept_.end());
    return kept_.back().folder.get();
  }
  std::string whole(path);
  io::Fd folder = TRY(
      linux::open_below(root_, whole.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, linux::in_root_no_links));
  if (kept_.size() == kept_max) kept_.erase(kept_.begin());
  kept_.push_back({std::move(whole), std::move(folder)});
  return kept_.back().folder.get();
}

SplitPath split_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return {"", std::string(path)};
  return {path.substr(0, slash), std::string(path.substr(slash + 1))};
}

std::string join_path(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  return name.empty() ? std::string(folder) : text("{}/{}", folder, name);
}

}  // namespace podo::builder
