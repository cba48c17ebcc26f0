// select(): patterns -> sources -> entries, digested in their order.
//
//   digest  := sha256 of ( "podo files 1\n" entry* )
//   entry   := kind ' ' mode:octal ' ' uid ':' gid ' ' place ' ' length ' ' to ' ' content '\n'
//   kind    := 'd' folder  'f' file  'l' symlink  'c' 'b' device  'p' fifo
//            | 't' the top of a source: "t 0 0:0 ..."                its attributes are not copied
//   place   := 'a' a source by itself | 'i' in a folder
//   content := sha256:hex of a file | length ' ' target of a symlink | major ':' minor of a device
//            | sha256:hex of extended attributes of a folder, if any | nothing
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/crypto/digest.h"
#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/archive/archive_path.h"
#include "container/copy/file_digest.h"
#include "container/copy/sources.h"
#include "container/image/tree.h"

namespace podo::builder {
namespace {

std::string hex_of(const StatCache::FileDigest& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const char byte : digest) {
    hex += digits[static_cast<unsigned char>(byte) >> 4];
    hex += digits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

char kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return 'd';
    case S_IFREG: return 'f';
    case S_IFLNK: return 'l';
    case S_IFCHR: return 'c';
    case S_IFBLK: return 'b';
    case S_IFIFO: return 'p';
    default: return 0;  // a socket: nothing of it can be copied
  }
}

bool is_below(std::string_view path, std::string_view folder) {
  return folder.empty() ||
         (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
}

class Selection {
 public:
  Selection(const Tree& tree, const SelectOptions& options, io::Fd root, dockerfile::IgnoreRules exclude)
      : tree_(tree), options_(options), root_(std::move(root)), exclude_(std::move(exclude)) {
    digest_.add("podo files 1\n");
  }
  Result<> take(const std::string& pattern);
  Result<Selected> finish(bool asked_for_some);

 private:
  // A folder that is not wanted itself, but perhaps for something in it.
  struct Waiting {
    std::string from, to;
    struct stat status;
  };
  struct Walk {
    std::string folder = {};                              // in the tree
    std::optional<dockerfile::PathPattern> pattern = {};  // of --parents; else everything
    bool parents = false;
    bool any = false;  // something was taken
    std::vector<Waiting> waiting = {};

    bool wants(std::string_view path) const {  // it, or a folder that it is in
      if (!pattern) return true;
      for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
        if (pattern->matches(path.substr(0, end))) return true;
        if (end == path.npos) return false;
      }
    }
  };
  Result<> take_source(const NamedSource& source);
  Result<> take_parents(const std::string& pattern);
  Result<> take_folder(Walk& walk, const struct stat& status);
  Result<> visit(Walk& walk, image::TreeWalk& files, const image::TreeWalk::Found& found);
  bool is_ignored(const std::string& path) const {
    return tree_.ignore != nullptr && tree_.ignore->ignores(path);
  }
  Result<> add_waiting(Walk& walk);
  Result<> add(int folder, const std::string& name, Selected::Entry entry, struct stat status);
  Result<std::string> content_of(int folder, const std::string& name, struct stat& status);

  const Tree& tree_;
  const SelectOptions& options_;
  io::Fd root_;
  dockerfile::IgnoreRules exclude_;
  Selected selected_;
  crypto::Digest digest_;
};

Result<std::string> Selection::content_of(int folder, const std::string& name, struct stat& status) {
  switch (status.st_mode & S_IFMT) {
    case S_IFREG: return hex_of(TRY(digest_file(folder, name, status, tree_.digests)));
    case S_IFLNK: {
      std::string target(4096, '\0');
      const ssize_t length = ::readlinkat(folder, name.c_str(), target.data(), target.size());
      if (length < 0) return failed_errno(errno, "readlink {}", name);
      return text("{} {}", length, std::string_view(target).substr(0, static_cast<std::size_t>(length)));
    }
    case S_IFDIR: {
      const io::Fd opened = TRY(image::open_folder(folder, name.c_str()));
      const Xattrs attributes = TRY_IN(name, carried_xattrs(opened.get()));
      return attributes.empty() ? std::string() : hex_of(with_xattrs({}, attributes));
    }
    case S_IFCHR:
    case S_IFBLK: return text("{}:{}", ::major(status.st_rdev), ::minor(status.st_rdev));
    default: return std::string();
  }
}

Result<> Selection::add(int folder, const std::string& name, Selected::Entry entry, struct stat status) {
  const char kind = kind_of(status.st_mode);
  if (kind == 0) return {};
  if (entry.to.empty()) {
    digest_.add("t 0 0:0 i 0  \n");
  } else {
    const std::string content = TRY(content_of(folder, name, status));
    const std::uint32_t uid = tree_.keep_owner ? status.st_uid : 0,
                        gid = tree_.keep_owner ? status.st_gid : 0;
    // Where a file system has no modes of symlinks, they read as anything.
    const std::uint32_t mode = kind == 'l' ? 0 : status.st_mode & 07777;
    digest_.add(text("{} {:o} {}:{} {} {} {} {}\n", kind, mode, uid, gid, entry.alone ? 'a' : 'i',
                     entry.to.size(), entry.to, content));
  }
  entry.changed = static_cast<std::int64_t>(status.st_ctim.tv_sec) * 1'000'000'000 + status.st_ctim.tv_nsec;
  selected_.entries.push_back(std::move(entry));
  return {};
}

Result<> Selection::add_waiting(Walk& walk) {
  for (Waiting& folder : walk.waiting) {
    const io::Fd opened = TRY(linux::open_below(root_.get(), folder.from.empty() ? "." : folder.from.c_str(),
                                                O_RDONLY | O_DIRECTORY, linux::in_root_no_links));
    TRY_IN(folder.from, add(opened.get(), ".", {.from = folder.from, .to = folder.to}, folder.status));
  }
  walk.waiting.clear();
  walk.any = true;
  return {};
}

Result<> Selection::visit(Walk& walk, image::TreeWalk& files, const image::TreeWalk::Found& found) {
  const std::string path = walk.folder.empty() ? found.path : walk.folder + "/" + found.path;
  while (!walk.waiting.empty() && !is_below(path, walk.waiting.back().from)) walk.waiting.pop_back();
  const bool is_folder = S_ISDIR(found.status.st_mode);
  const bool ignored = is_ignored(path), excluded = exclude_.ignores(found.path);
  const bool wanted = walk.wants(found.path);
  if (is_folder && ((ignored && tree_.ignore->ignores_all_below(path)) ||
                    (excluded && exclude_.ignores_all_below(found.path)) ||
                    (!wanted && !walk.pattern->may_match_below(found.path)))) {
    files.stay_out();
    return {};
  }
  if (!ignored && !excluded && wanted) {
    if (kind_of(found.status.st_mode) == 0) return {};
    TRY(add_waiting(walk));
    return add(found.parent, found.name, {.from = path, .to = found.path}, found.status);
  }
  if (is_folder) walk.waiting.push_back({path, found.path, found.status});
  return {};
}

// With the folder itself: the destination is a folder then, even an empty one.
Result<> Selection::take_folder(Walk& walk, const struct stat& status) {
  walk.waiting.push_back({walk.folder, "", status});
  if (!walk.parents && !(is_ignored(walk.folder) && !walk.folder.empty())) TRY(add_waiting(walk));
  io::Fd top = TRY(linux::open_below(root_.get(), walk.folder.empty() ? "." : walk.folder.c_str(),
                                     O_RDONLY | O_DIRECTORY, linux::in_root_no_links));
  auto files = TRY(image::TreeWalk::open(text("/proc/self/fd/{}/.", top.get())));
  while (const image::TreeWalk::Found* found = TRY(files.next())) TRY(visit(walk, files, *found));
  return {};
}

Result<> Selection::take_source(const NamedSource& source) {
  // A pattern that says a name outright wants it; what a wildcard happened to match may be excluded.
  if (source.matched && exclude_.ignores(source.name)) {
    ++selected_.sources;
    return {};
  }
  if (S_ISDIR(source.status.st_mode)) {
    Walk walk{.folder = source.path};
    TRY(take_folder(walk, source.status));
    if (!walk.any && !source.matched) return source_not_found(tree_, source.path);
    selected_.sources += walk.any ? 1 : 0;
    return {};
  }
  if (kind_of(source.status.st_mode) == 0) return invalid("{} is a socket and cannot be copied", source.path);
  const std::size_t slash = source.path.rfind('/');
  const std::string parent = slash == source.path.npos ? "." : source.path.substr(0, slash);
  const io::Fd folder =
      TRY(linux::open_below(root_.get(), parent.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root_no_links));
  ++selected_.sources;
  return add(folder.get(), source.path.substr(slash == source.path.npos ? 0 : slash + 1),
             {.from = source.path, .to = source.name, .alone = true}, source.status);
}

Result<> Selection::take_parents(const std::string& pattern) {
  const ParentsPattern split = split_parents(pattern);
  const std::string folder = TRY(engine::follow_links(root_.get(), split.folder));
  const auto opened = engine::open_inside(root_.get(), folder, O_PATH | O_DIRECTORY);
  struct stat status{};
  if (!opened || ::fstat(opened->get(), &status) != 0) return source_not_found(tree_, pattern);
  Walk walk{.folder = folder.substr(1), .parents = true};
  if (!split.pattern.empty())
    walk.pattern =
        TRY_IN(pattern, dockerfile::PathPattern::compile(split.pattern, dockerfile::DoubleStar::folders));
  TRY(take_folder(walk, status));
  if (walk.any) ++selected_.sources;
  else if (!has_wildcard(split.pattern)) return source_not_found(tree_, pattern);
  return {};
}

Result<> Selection::take(const std::string& pattern) {
  if (options_.refuse_outside && ("/" + pattern + "/").contains("/../")) {
    int depth = 0;
    for (std::size_t at = 0; at < pattern.size();) {
      const std::size_t slash = std::min(pattern.find('/', at), pattern.size());
      const std::string_view part = std::string_view(pattern).substr(at, slash - at);
      depth += part == ".." ? -1 : part.empty() || part == "." ? 0 : 1;
      if (depth < 0) return invalid("forbidden path outside the build context: {} ()", pattern);
      at = slash + 1;
    }
  }
  if (options_.parents) return take_parents(pattern);
  for (const NamedSource& source : TRY(find_sources(root_.get(), tree_, pattern, options_.follow_folder)))
    TRY(take_source(source));
  return {};
}

Result<Selected> Selection::finish(bool asked_for_some) {
  if (asked_for_some && selected_.sources == 0 && !options_.may_be_empty)
    return not_found("no source files were specified");
  selected_.digest = digest_.text();
  return std::move(selected_);
}

}  // namespace

Result<Selected> select(const Tree& tree, const std::vector<std::string>& patterns,
                        const SelectOptions& options) {
  io::Fd root = TRY(linux::open_at(AT_FDCWD, tree.path.c_str(), O_RDONLY | O_DIRECTORY));
  Selection selection(tree, options, std::move(root), TRY(dockerfile::IgnoreRules::make(options.exclude)));
  for (const std::string& pattern : patterns) TRY(selection.take(pattern));
  return selection.finish(!patterns.empty());
}

Result<std::string> digest_of(const Tree& tree) { return TRY(select(tree, {"."}, {})).digest; }

}  // namespace podo::builder
