// What COPY and ADD take, and where they put it. Everything here blocks and has no state: it runs on the
// pool.
//
// Sources are trees below a folder descriptor; destinations are file trees of other people (a mounted
// snapshot): no symlink in either leads out of it (openat2 with RESOLVE_IN_ROOT). Rules are those of the
// Dockerfile reference for COPY and ADD, with BuildKit's details (docs: "Dockerfile reference", COPY).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"
#include "model/dockerfile/ignore.h"

namespace podo::builder {

// A folder with the files a build may see. Digests of files that did not change are remembered by path, size,
// times, inode (StatCache), so that only changed ones are read again.
class StatCache;  // stat_cache.h: in memory, saved beside the context's records; bounded
struct Tree {
  std::string path;                                 // of the folder
  const dockerfile::IgnoreRules* ignore = nullptr;  // of the context
  StatCache* digests = nullptr;
};

// The files that a COPY takes: of one source pattern, or of all.
struct Selected {
  struct Entry {
    std::string from;  // path in the tree
    std::string to;    // below the destination, "" the destination itself
  };
  std::vector<Entry> entries;  // parents first, in the order of names
  // Over paths below the destination, kinds, modes, owners, contents, link targets, extended attributes; not
  // over times. The same digest gives the same files.
  std::string digest;
};

struct SelectOptions {
  bool parents = false;              // --parents: with the folders in front ("./" in a pattern cuts them)
  std::vector<std::string> exclude;  // --exclude
  bool follow_folder = true;         // a source that is a symlink to a folder means the folder
};
// not_found: as people know it: "failed to calculate checksum: \"/x\": not found"; for a pattern that matches
// nothing likewise. `patterns` are relative to the tree, a leading '/' or "../" means its top.
Result<Selected> select(const Tree& tree, const std::vector<std::string>& patterns,
                        const SelectOptions& options);

struct Owner {
  std::uint32_t uid = 0, gid = 0;
};
// --chown=user:group by the passwd and group files of the tree at `root`; numbers are taken as they are.
Result<Owner> find_owner(int root, std::string_view spec);

struct PutOptions {
  std::optional<Owner> owner;  // absent: 0:0 for a context, kept for a stage
  bool keep_owner = false;
  std::string mode;                           // --chmod: octal, or symbolic ("u=rwX,go=rX"); "": as it is
  bool unpack_archives = false;               // ADD of local tar archives
  std::optional<std::int64_t> times_at_most;  // SOURCE_DATE_EPOCH: later ones become this
};
// Puts what was selected into the tree below `root` (a descriptor of its top) at `destination` (absolute, or
// already joined with the working directory). A destination with '/' at its end, or several sources, is a
// folder; folders on the way are made (0755, 0:0 or the owner).
Result<> put(const Tree& from, const Selected& selected, int root, const std::string& destination,
             const PutOptions& options);
// One file of given content (a heredoc, a download).
struct NewFile {
  std::string name, content;  // name: what it is called when the destination is a folder
  std::string path = {};      // of a file on disk in place of content
  std::uint32_t mode = 0644;
  std::optional<std::int64_t> modified = {};
};
Result<> put_file(const NewFile& file, int root, const std::string& destination, const PutOptions& options);

// The digest over the names, contents... of everything below a folder, as of select(tree, {"."}).
Result<std::string> digest_of(const Tree& tree);

}  // namespace podo::builder
