// A tar stream becomes files below a folder of a container's tree. Names are walked inside the tree:
// neither ".." nor a symlink, old or new, leads outside. What is in the way is replaced, as `docker cp`
// does, but a folder is filled.
//
//   TreeExtractor extractor(root, "/srv", options);
//   extractor.feed(bytes)...; extractor.finish();
//
// Blocking: for the pool. One thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/format/tar.h"
#include "base/io/fd.h"

namespace podo::engine {

// Sees what an extractor makes, in the order of the archive.
class TreeObserver {
 public:
  virtual ~TreeObserver() = default;
  virtual Result<> entry(const tar::Entry& entry) = 0;  // before it is made; a failure is the extractor's
  virtual void data(std::uint64_t offset, std::string_view bytes) = 0;
  virtual void complete(int file) = 0;  // with its attributes
};

class TreeExtractor {
 public:
  struct Owner {
    std::uint32_t uid = 0, gid = 0;
  };
  struct Options {
    bool no_overwrite_dir_non_dir = false;
    std::optional<Owner> owner = {};                 // of everything; absent: as the archive says
    std::optional<std::int64_t> times_at_most = {};  // later ones become this, in seconds
    TreeObserver* observer = nullptr;
  };
  // `root`: of the tree; `folder`: in it, clean, no symlinks.
  TreeExtractor(int root, std::string folder, Options options)
      : root_(root), folder_(std::move(folder)), options_(options) {}

  Result<> feed(std::string_view bytes);
  Result<> finish();  // the archive has ended; folders get their times

 private:
  struct Place {
    io::Fd folder;
    std::string name;  // "." the folder itself
  };
  struct Folder {
    io::Fd fd;
    std::int64_t mtime_s;
    std::uint32_t mtime_ns;
  };
  Result<> take_events();
  Result<Place> place_of(const std::string& path, bool make_parents);
  Result<> add(tar::Entry entry);
  Result<bool> make_room(const Place& place, const tar::Entry& entry);  // true: a folder that stays
  Result<> make(const Place& place, const tar::Entry& entry);
  Result<> make_hard_link(const Place& place, const tar::Entry& entry);
  Result<> put_attributes(const Place& place, const tar::Entry& entry);
  Result<> end_file();

  int root_;
  std::string folder_;
  Options options_;
  tar::Reader reader_;
  io::Fd file_;  // being written
  Place file_place_;
  tar::Entry file_entry_;
  std::vector<Folder> folders_;
};

}  // namespace podo::engine
