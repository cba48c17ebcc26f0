// What COPY and ADD take, and where they put it. Everything here blocks and has no state of its own: it runs
// on the pool. Lifecycle of a step: select() -> its digest decides about the cache -> put(), or nothing.
//
// Sources are trees below a folder; destinations are file trees of other people (a mounted snapshot): no
// symlink in either leads out of it (openat2 with RESOLVE_IN_ROOT), none is written through. Rules are those
// of the Dockerfile reference for COPY and ADD, with BuildKit's details.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"
#include "model/dockerfile/ignore.h"

namespace podo::builder {

class StatCache;  // stat_cache.h: digests of files that did not change need no reading

// A folder with the files a build may see.
struct Tree {
  std::string path;                                 // of the folder
  const dockerfile::IgnoreRules* ignore = nullptr;  // of the context
  StatCache* digests = nullptr;
  bool keep_owner = false;  // a stage's tree: files belong to whom they belong; a context's are all 0:0
};

// The files that a COPY takes.
struct Selected {
  struct Entry {
    std::string from;     // path in the tree, without symlinks
    std::string to = {};  // below the destination; "" the destination itself, a folder
    // A source that is no folder: called `to` in a folder, else as the destination says.
    bool alone = false;
    std::int64_t changed = 0;  // its ctime in nanoseconds: it must be that of the digest when it is copied
  };
  std::vector<Entry> entries;  // parents first, in the order of patterns and, for each, of names
  std::size_t sources = 0;     // files and folders that the patterns named
  // Over paths below the destination, kinds, modes, owners, contents, link targets, extended attributes; not
  // over times, nor over the attributes of a folder whose content is taken. The same digest gives the same
  // files.
  std::string digest;
};

struct SelectOptions {
  bool parents = false;  // --parents: with the folders in front ("./" in a pattern cuts them)
  std::vector<std::string> exclude = {};  // --exclude: relative to each source
  bool follow_folder = true;              // a source that is a symlink to a folder means the folder
  bool may_be_empty = false;              // wildcards that match nothing are fine, even all of them
  bool refuse_outside = false;            // "../x" is refused as the classic builder does, not taken as "x"
};
// `patterns` are relative to the tree: a leading '/' or "../" means its top; wildcards are filepath.Match's,
// and "**" with --parents. A folder stands for its content. not_found:
//   file not found in build context or excluded by .dockerignore: stat x: file does not exist
//       ("/x": not found)                                          all in one line
//   no source files were specified                                (wildcards only, and none matched)
// For a stage's tree the first begins with "stat x:".
Result<Selected> select(const Tree& tree, const std::vector<std::string>& patterns,
                        const SelectOptions& options);

struct Owner {
  std::uint32_t uid = 0, gid = 0;
};
// --chown=user[:group] by the passwd and group files of the tree at `root`; numbers are taken as they are, a
// lone number is the group's as well, a lone name brings its group along.
Result<Owner> find_owner(int root, std::string_view spec);

struct PutOptions {
  std::string instruction = "COPY";  // for errors
  std::optional<Owner> owner = {};   // absent: as Tree::keep_owner says
  std::string mode = {};             // --chmod: octal, or symbolic ("u=rwX,go=rX"); "": as it is
  bool unpack_archives = false;      // ADD of local tar archives
  std::optional<std::int64_t> times_at_most = {};  // SOURCE_DATE_EPOCH, seconds: later times become this
};
// Puts what was selected into the tree below `root` (a descriptor of its top) at `destination` (absolute,
// already joined with the working directory). A destination with '/' or "/." at its end is a folder; folders
// on the way are made (0755, 0:0 or the owner). Folders are filled, files and symlinks replaced, hard links
// among the copied files stay such. invalid: "cannot copy to non-directory: /x", "cannot replace to directory
// /x with file", "When using COPY with more than one source file, ..."; conflict when a source changed after
// select().
Result<> put(const Tree& from, const Selected& selected, int root, const std::string& destination,
             const PutOptions& options);
// One file of given content (a heredoc, a download).
struct NewFile {
  std::string name, content = {};  // name: what it is called when the destination is a folder
  std::string path = {};           // of a file on disk in place of content
  std::uint32_t mode = 0644;
  std::optional<std::int64_t> modified = {};  // seconds
};
Result<> put_file(const NewFile& file, int root, const std::string& destination, const PutOptions& options);

// The digest over the names, contents... of everything below a folder, as of select(tree, {"."}).
Result<std::string> digest_of(const Tree& tree);

}  // namespace podo::builder
