// A file tree becomes a tar stream, taken piece by piece. Parents come before what is in them, names in
// order, times in whole seconds: the same tree gives the same bytes. Sockets are left out, as tar has no word
// for them. A file that changes meanwhile keeps the size it had when it was met. Blocking calls; one thread
// at a time.
#pragma once

#include <map>
#include <string>

#include "base/format/tar.h"
#include "container/image/tree.h"

namespace podo::image {

// Its tar member, without its content.
Result<tar::Entry> entry_of(const TreeWalk::Found& found, int file);  // `file`: open, of a file; else -1

class TreePacker {
 public:
  // layer: an overlay's upper folder, its marks become whiteouts (.wh.NAME, .wh..wh..opq). plain: as it
  // stands.
  enum class Marks : std::uint8_t { plain, layer };
  static Result<TreePacker> open(const std::string& path, Marks marks);

  Result<std::string> next();  // about a megabyte; "" when all is told
  std::uint64_t members() const { return members_; }

 private:
  TreePacker(TreeWalk walk, Marks marks) : walk_(std::move(walk)), marks_(marks) {}
  Result<bool> add_member(std::string& out);  // false: there are no more
  Result<> add_content(std::string& out);
  Result<> add_entry(const tar::Entry& entry, std::string& out);

  TreeWalk walk_;
  Marks marks_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  // files of several names, and the first of them
  io::Fd file_;
  std::uint64_t left_ = 0, padding_ = 0, members_ = 0;
  bool ended_ = false;
};

}  // namespace podo::image
