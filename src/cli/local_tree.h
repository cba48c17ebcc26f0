// Files of this machine as a tar stream, and back: what `podo cp` carries.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/format/tar.h"
#include "base/http/message.h"
#include "base/io/fd.h"

namespace podo::cli {

// What `path` names and all below it, in an archive whose first name is `name`. The files are read when the
// body is.
class PackedTree final : public http::Body {
 public:
  // only_a_folder: whatever else it is stays away; what is below a folder is asked for by itself.
  enum class Choice : std::uint8_t { take, only_a_folder, leave_out };
  using Choose = std::function<Choice(std::string_view name)>;  // of a name in the archive

  PackedTree(std::string path, std::string name, Choose choose = {}) : choose_(std::move(choose)) {
    waiting_.push_back({std::move(path), std::move(name)});
  }
  void own_by_root() { owned_by_root_ = true; }  // in place of whoever the files belong to
  io::Task<std::size_t> read(std::span<std::byte> into) override;

 private:
  struct Item {
    std::string path, name;
  };
  Result<> next_member();
  Result<> begin_member(const Item& item, const struct stat& found);
  Result<> add_children(const Item& item);
  Result<> read_content();

  Choose choose_;
  bool owned_by_root_ = false;
  std::vector<Item> waiting_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> links_;  // files with several names
  std::string ready_;                                                     // bytes that are not read yet
  std::size_t given_ = 0;
  io::Fd file_;
  std::uint64_t file_left_ = 0;
  std::size_t padding_ = 0;
  bool ended_ = false;
};

// An archive is written out below a folder, under another first name: what the archive calls "web/a" is
// FOLDER/NAME/a. With an empty name its content lands in the folder itself. An archive comes from a
// container, so no name of it, and no link it made, leads out of the folder.
class TreeUnpacker {
 public:
  struct Options {
    bool keep_owner = false;
    bool keep_first = false;  // names are what they are: "web/a" is FOLDER/web/a
  };
  static Result<TreeUnpacker> into(const std::string& folder, std::string name, Options options);
  Result<> feed(std::string_view bytes);
  Result<> finish();

 private:
  TreeUnpacker(io::Fd folder, std::string name, Options options)
      : folder_(std::move(folder)), name_(std::move(name)), options_(options) {}
  Result<> take_events();
  Result<> make(const tar::Entry& entry);
  Result<> make_in(int parent, const std::string& name, const tar::Entry& entry);
  Result<> write_data();
  std::string placed(std::string_view path) const;

  io::Fd folder_;
  std::string name_;
  Options options_;
  tar::Reader reader_;
  io::Fd file_;
};

}  // namespace podo::cli
