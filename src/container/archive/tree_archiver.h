// A file tree, or one file, as a tar stream: made piece by piece, with one descriptor open for each folder
// on the way. Sockets are left out; files with several names come once, then as hard links.
//
//   TreeArchiver archiver(root, "/etc", "passwd", {.rename = "x"});
//   for (;;) { piece = TRY(archiver.next()); if (piece.empty()) break; ... }
//
// Blocking: for the pool. One thread at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/format/tar.h"
#include "base/io/fd.h"

struct stat;

namespace podo::engine {

class TreeArchiver {
 public:
  struct Options {
    std::string rename =
        {};  // what the first entry is called; "" (a folder's): its content alone, without it
    bool one_file_system = false;
  };
  // `folder`: opened for reading. `name` in it; "." is the folder itself.
  TreeArchiver(io::Fd folder, std::string name, Options options);

  Result<std::string> next();  // "" at the end; a piece is about `piece_bytes`

 private:
  static constexpr std::size_t piece_bytes = 256 << 10;
  struct Level {
    io::Fd folder;
    std::string prefix;  // of the names in the archive, with '/' at its end
    std::vector<std::string> names;
    std::size_t next = 0;
  };
  Result<> start();
  Result<> step();
  Result<> add(int folder, const std::string& name, const std::string& called);
  Result<> add_folder(int folder, const std::string& name, const std::string& called);
  Result<> add_file(int folder, const std::string& name, std::uint64_t size);
  Result<> read_file();

  io::Fd first_;
  std::string first_name_;
  Options options_;
  std::vector<Level> levels_;
  io::Fd file_;  // whose content is being written
  std::uint64_t file_left_ = 0, file_padding_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> several_;
  std::uint64_t device_ = 0;
  std::string out_;
  bool started_ = false, ended_ = false;
};

}  // namespace podo::engine
