#include "container/image/stubs.h"

#include <fcntl.h>

#include <map>

#include "container/image/layer_writer.h"
#include "container/image/tree_packer.h"

namespace podo::image {
namespace {

constexpr int links_max = 40;  // as the kernel has it

// The parts of a path to be walked, the first one at the end.
void push_parts(std::string_view path, std::vector<std::string>& left) {
  while (!path.empty()) {
    const std::size_t slash = path.rfind('/');
    std::string_view part = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
    if (!part.empty() && part != ".") left.emplace_back(part);
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
}

void append(std::string& path, std::string_view part) {
  if (!path.empty()) path += '/';
  path += part;
}

void leave(std::string& path) { path.resize(path.contains('/') ? path.rfind('/') : 0); }

// Where a path leads in the end: relative, without symlinks, whether there is something or not.
Result<std::string> place_of(MergedLayers& below, const std::string& stub) {
  std::vector<std::string> left;
  push_parts(stub, left);
  std::string place;
  for (int links = 0; !left.empty();) {
    const std::string part = std::move(left.back());
    left.pop_back();
    if (part == "..") {
      leave(place);
      continue;
    }
    append(place, part);
    const auto found = below.find(place);
    if (!found || !S_ISLNK(found->status.st_mode)) continue;
    if (++links > links_max) return failed_errno(ELOOP, "open {}", stub);
    const std::string target = TRY(below.link_of(place));
    if (target.starts_with('/')) place.clear();
    else leave(place);
    push_parts(target, left);
  }
  return place;
}

// A member of the layer like what is there; a new one if there is nothing.
Result<tar::Entry> member_of(MergedLayers& below, const std::string& path, tar::Type type) {
  const auto at = below.find(path);
  if (!at)
    return tar::Entry{.type = type, .path = path, .mode = type == tar::Type::directory ? 0755u : 0644u};
  TreeWalk::Found found{path, path.substr(path.rfind('/') + 1), at->status, at->layer, {}};
  found.folder = TRY(open_folder(at->layer, path.c_str()));
  tar::Entry entry = TRY(entry_of(found, -1));
  entry.mtime_ns = static_cast<std::uint32_t>(at->status.st_mtim.tv_nsec);
  return entry;
}

// The folders `path` lies in; false when one of them is something else, of which the mount will complain.
bool lies_in_folders(MergedLayers& below, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto found = below.find(path.substr(0, slash));
    if (found && !S_ISDIR(found->status.st_mode)) return false;
  }
  return true;
}

}  // namespace

Result<bool> make_stubs(MergedLayers& below, const std::vector<std::string>& stubs, const std::string& into) {
  std::map<std::string, tar::Type> members;  // parents first, by their names
  for (const std::string& stub : stubs) {
    const std::string place = TRY(place_of(below, stub));
    if (place.empty() || below.find(place) || !lies_in_folders(below, place)) continue;
    members.emplace(place, stub.ends_with('/') ? tar::Type::directory : tar::Type::file);
    for (std::size_t slash = place.find('/'); slash != std::string::npos; slash = place.find('/', slash + 1))
      members.insert_or_assign(place.substr(0, slash), tar::Type::directory);
  }
  if (members.empty()) return false;
  LayerWriter writer = TRY(LayerWriter::open(into, {UINT64_MAX, UINT64_MAX}));
  for (const auto& [path, type] : members) TRY(writer.add(TRY(member_of(below, path, type))));
  TRY(writer.finish());
  return true;
}

}  // namespace podo::image
