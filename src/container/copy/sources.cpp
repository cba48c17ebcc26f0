#include "container/copy/sources.h"

#include <fcntl.h>

#include <span>

#include "base/linux/path.h"
#include "container/archive/archive_path.h"
#include "container/image/tree.h"

namespace podo::builder {
namespace {

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

std::string below(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : text("{}/{}", folder, name);
}

// Not there, or not for this build.
bool is_absent(const Error& error) {
  return error.system_errno() == ENOENT || error.system_errno() == ENOTDIR;
}

class Finder {
 public:
  Finder(int root, const Tree& tree, bool follow_folder)
      : root_(root), tree_(tree), follow_folder_(follow_folder) {}

  // The folder `path` (as the user wrote it) and what matches the names behind it.
  Result<> find(const std::string& path, std::span<const dockerfile::PathPattern> names);
  Result<bool> add(const std::string& path, std::string name, bool matched);
  std::vector<NamedSource> found;

 private:
  Result<> match(const std::string& folder, std::span<const dockerfile::PathPattern> names);

  int root_;
  const Tree& tree_;
  bool follow_folder_;
};

Result<bool> Finder::add(const std::string& path, std::string name, bool matched) {
  NamedSource source{.path = {}, .name = std::move(name), .matched = matched, .status = {}};
  std::string real = TRY(engine::follow_links(root_, path));
  auto place = engine::open_inside(root_, real, O_PATH);
  if (!follow_folder_ && place && ::fstat(place->get(), &source.status) == 0 &&
      S_ISDIR(source.status.st_mode)) {
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == path.npos ? "" : path.substr(0, slash);
    real = TRY(engine::follow_links(root_, parent)) + path.substr(slash == path.npos ? 0 : slash);
    place = engine::open_inside(root_, real, O_PATH);
  }
  if (!place && is_absent(place.error())) return false;
  if (!place) return Failure(std::move(place).error());
  if (::fstat(place->get(), &source.status) != 0) return failed_errno(errno, "stat {}", real);
  source.path = real == "/" ? "" : real.substr(1);
  // A folder that is ignored may hold files that are not: that is seen when it is walked.
  if (tree_.ignore != nullptr && !source.path.empty() && tree_.ignore->ignores(source.path) &&
      (!S_ISDIR(source.status.st_mode) || tree_.ignore->ignores_all_below(source.path)))
    return false;
  found.push_back(std::move(source));
  return true;
}

Result<> Finder::find(const std::string& path, std::span<const dockerfile::PathPattern> names) {
  return match(TRY(engine::follow_links(root_, path)), names);
}

Result<> Finder::match(const std::string& folder, std::span<const dockerfile::PathPattern> names) {
  auto opened = engine::open_inside(root_, folder, O_RDONLY | O_DIRECTORY);
  if (!opened && (is_absent(opened.error()) || opened.error().system_errno() == ELOOP)) return {};
  if (!opened) return Failure(std::move(opened).error());
  for (const image::NamedKind& child : TRY_IN(folder, image::list_folder(opened->get()))) {
    if (!names.front().matches(child.name)) continue;
    const std::string path = folder == "/" ? "/" + child.name : folder + "/" + child.name;
    if (names.size() > 1) TRY(match(path, names.subspan(1)));
    else if (!TRY(add(path, child.name, true)) && child.kind == DT_LNK &&
             (tree_.ignore == nullptr || !tree_.ignore->ignores(path.substr(1))))
      return source_not_found(tree_, path);
  }
  return {};
}

}  // namespace

bool has_wildcard(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') ++i;
    else if (pattern[i] == '*' || pattern[i] == '?' || pattern[i] == '[') return true;
  }
  return false;
}

Result<std::vector<NamedSource>> find_sources(int root, const Tree& tree, std::string_view pattern,
                                              bool follow_folder) {
  const std::string clean = linux::clean_path(pattern);
  const std::vector<std::string_view> names = parts_of(clean);
  Finder finder(root, tree, follow_folder);
  std::string plain;
  std::size_t first = 0;
  for (; first < names.size() && !has_wildcard(names[first]); ++first) plain = below(plain, names[first]);
  if (first < names.size()) {
    std::vector<dockerfile::PathPattern> patterns;
    for (std::string_view name : std::span(names).subspan(first))
      patterns.push_back(
          TRY_IN(pattern, dockerfile::PathPattern::compile(name, dockerfile::DoubleStar::star)));
    TRY(finder.find(plain, patterns));
  } else if (!TRY(finder.add(plain, names.empty() ? "" : std::string(names.back()), false))) {
    return source_not_found(tree, pattern);
  }
  return std::move(finder.found);
}

// Both the classic builder's words and BuildKit's, which name the cleaned path.
Failure source_not_found(const Tree& tree, std::string_view pattern) {
  const std::string clean = linux::clean_path(pattern);
  return not_found("{}stat {}: file does not exist (\"{}\": not found)",
                   tree.keep_owner ? "" : "file not found in build context or excluded by .dockerignore: ",
                   clean == "/" ? "." : clean.substr(1), clean);
}

ParentsPattern split_parents(std::string_view pattern) {
  const std::size_t pivot = pattern.starts_with("./") ? pattern.find("/./", 1) : pattern.find("/./");
  ParentsPattern split;
  if (pivot != pattern.npos) {
    split.folder = linux::clean_path(pattern.substr(0, pivot));
    pattern.remove_prefix(pivot + 2);
  }
  split.pattern = linux::clean_path(pattern).substr(1);
  return split;
}

}  // namespace podo::builder
