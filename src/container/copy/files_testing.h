// For tests of COPY's files: a source folder "in", a tree "out" to put into, both gone at the end.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/linux/file.h"
#include "container/config/scratch_testing.h"
#include "container/copy/files.h"
#include "container/copy/stat_cache.h"
#include "container/image/tree.h"

namespace podo::builder {

class Workbench {
 public:
  Workbench() {
    scratch.folder("in");
    scratch.folder("out");
    root = ::open(scratch.path("out").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(root >= 0);
  }
  Workbench(const Workbench&) = delete;
  ~Workbench() { ::close(root); }

  Tree tree(const dockerfile::IgnoreRules* ignore = nullptr) const {
    return {.path = scratch.path("in"), .ignore = ignore, .digests = nullptr, .keep_owner = false};
  }
  Selected select(std::vector<std::string> patterns, const SelectOptions& options = {}) const {
    auto selected = builder::select(tree(), patterns, options);
    const std::string problem = selected ? "" : selected.error().message();
    INFO(problem);
    REQUIRE(selected);
    return *std::move(selected);
  }
  // select() and put(); "" when both went well.
  std::string copy(std::vector<std::string> patterns, const std::string& to, const PutOptions& options = {},
                   const SelectOptions& how = {}) const {
    const auto selected = builder::select(tree(), patterns, how);
    if (!selected) return selected.error().message();
    const auto done = put(tree(), *selected, root, to, options);
    return done ? "" : done.error().message();
  }
  // "a b/ b/c": what is below a folder, folders with '/'.
  std::string listing(const std::string& folder = "out") const {
    std::string all;
    auto walk = image::TreeWalk::open(scratch.path(folder));
    REQUIRE(walk);
    while (const image::TreeWalk::Found* found = *walk->next())
      all += (all.empty() ? "" : " ") + found->path + (S_ISDIR(found->status.st_mode) ? "/" : "");
    return all;
  }
  struct stat status(std::string_view path) const {
    struct stat status{};
    CHECK(::lstat(scratch.path(path).c_str(), &status) == 0);
    return status;
  }
  mode_t mode(std::string_view path) const { return status(path).st_mode & 07777; }
  void set_time(std::string_view path, std::int64_t seconds) const {
    const timeval times[2] = {{.tv_sec = seconds, .tv_usec = 0}, {.tv_sec = seconds, .tv_usec = 0}};
    REQUIRE(::lutimes(scratch.path(path).c_str(), times) == 0);
  }

  engine::ScratchFolder scratch;
  int root = -1;
};

inline std::string entries_of(const Selected& selected) {
  std::string all;
  for (const Selected::Entry& entry : selected.entries)
    all += text("{}{}>{}{}", all.empty() ? "" : " ", entry.from.empty() ? "." : entry.from,
                entry.to.empty() ? "." : entry.to, entry.alone ? "*" : "");
  return all;
}

}  // namespace podo::builder
