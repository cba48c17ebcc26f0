// put() and put_file(): where what was selected goes.
#include <fcntl.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/archive/tree_extractor.h"
#include "container/copy/archive_stream.h"
#include "container/copy/files.h"
#include "container/copy/tree_writer.h"

namespace podo::builder {
namespace {

std::int64_t changed_at(const struct stat& status) {
  return static_cast<std::int64_t>(status.st_ctim.tv_sec) * 1'000'000'000 + status.st_ctim.tv_nsec;
}

bool means_folder(std::string_view destination) {
  return destination.empty() || destination == "." || destination.ends_with('/') ||
         destination.ends_with("/.");
}

// A destination, symlinks in it resolved.
class Placing {
 public:
  Placing(TreeWriter& writer, int root, const PutOptions& options)
      : writer_(writer), root_(root), options_(options) {}
  Result<> set(const std::string& destination);
  // Where a source that is no folder goes; the folders on the way are made.
  Result<std::string> place_of(const std::string& name);
  Result<std::string> folder();  // the destination as a folder, made if missing
  Result<> unpack(int archive);  // into the folder

 private:
  TreeWriter& writer_;
  int root_;
  const PutOptions& options_;
  std::string path_;
  bool is_folder_ = false;
};

Result<> Placing::set(const std::string& destination) {
  path_ = TRY(writer_.follow(linux::clean_path(destination)));
  is_folder_ = path_.empty() || means_folder(destination) || TRY(writer_.is_folder(path_));
  return {};
}

Result<std::string> Placing::folder() {
  TRY(writer_.make_folders(path_));
  is_folder_ = true;
  return path_;
}

Result<std::string> Placing::place_of(const std::string& name) {
  if (is_folder_) {
    if (name.empty()) return invalid("cannot determine a file name for /{}", path_);
    return join_path(TRY(folder()), name);
  }
  TRY(writer_.make_folders(std::string(split_path(path_).folder)));
  return path_;
}

Result<> Placing::unpack(int archive) {
  const std::string into = TRY(folder());
  engine::TreeExtractor::Options how{.times_at_most = options_.times_at_most};
  if (options_.owner) how.owner = {options_.owner->uid, options_.owner->gid};
  // Symlinks of the archive lead no further than the destination, as with Docker.
  const io::Fd top = TRY(linux::open_below(root_, into.empty() ? "." : into.c_str(), O_RDONLY | O_DIRECTORY,
                                           linux::in_root_no_links));
  engine::TreeExtractor extractor(top.get(), "/", how);
  ArchiveStream stream = TRY(ArchiveStream::open(archive));
  for (;;) {
    const std::string_view piece = TRY(stream.next());
    if (piece.empty()) return extractor.finish();
    TRY(extractor.feed(piece));
  }
}

class Putting {
 public:
  Putting(io::Fd top, int root, const PutOptions& options, TreeWriter& writer)
      : top_(std::move(top)),
        sources_(top_.get()),
        options_(options),
        writer_(writer),
        placing_(writer, root, options) {}
  Result<> run(const Selected& selected, const std::string& destination);

 private:
  Result<> put(const Selected::Entry& entry);
  Result<bool> unpacked(int folder, const std::string& name, const struct stat& status);

  io::Fd top_;
  OpenFolders sources_;
  const PutOptions& options_;
  TreeWriter& writer_;
  Placing placing_;
  std::string folder_;  // of entries below the destination
};

Result<> Putting::run(const Selected& selected, const std::string& destination) {
  if (selected.sources > 1 && !means_folder(destination))
    return invalid(
        "When using {} with more than one source file, the destination must be a directory and end with a /",
        options_.instruction);
  TRY(placing_.set(destination));
  for (const Selected::Entry& entry : selected.entries) TRY_IN(entry.from, put(entry));
  return {};
}

Result<bool> Putting::unpacked(int folder, const std::string& name, const struct stat& status) {
  if (!options_.unpack_archives || !S_ISREG(status.st_mode)) return false;
  const io::Fd file = TRY(linux::open_at(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (!TRY(is_archive(file.get()))) return false;
  TRY(placing_.unpack(file.get()));
  return true;
}

Result<> Putting::put(const Selected::Entry& entry) {
  if (entry.to.empty()) {
    folder_ = TRY(placing_.folder());
    return {};
  }
  const auto [above, name] = split_path(entry.from);
  const int folder = TRY(sources_.get(above));
  const char* last = name.empty() ? "." : name.c_str();
  struct stat status{};
  if (::fstatat(folder, last, &status, AT_SYMLINK_NOFOLLOW) != 0) return failed_errno(errno, "stat {}", name);
  if (!S_ISDIR(status.st_mode) && changed_at(status) != entry.changed)
    return conflict("it changed after it was digested");
  if (entry.alone && TRY(unpacked(folder, name, status))) return {};
  const std::string to = entry.alone ? TRY(placing_.place_of(entry.to)) : join_path(folder_, entry.to);
  return writer_.copy(folder, last, status, to);
}

}  // namespace

Result<> put(const Tree& from, const Selected& selected, int root, const std::string& destination,
             const PutOptions& options) {
  io::Fd top = TRY(linux::open_at(AT_FDCWD, from.path.c_str(), O_RDONLY | O_DIRECTORY));
  TreeWriter writer = TRY(TreeWriter::open(root, options, from.keep_owner));
  Putting putting(std::move(top), root, options, writer);
  TRY(putting.run(selected, destination));
  return writer.finish();
}

Result<> put_file(const NewFile& file, int root, const std::string& destination, const PutOptions& options) {
  TreeWriter writer = TRY(TreeWriter::open(root, options, false));
  Placing placing(writer, root, options);
  TRY(placing.set(destination));
  struct stat status{};
  status.st_mtim = TreeWriter::now();
  io::Fd content;
  if (!file.path.empty()) {
    content = TRY(linux::open_at(AT_FDCWD, file.path.c_str(), O_RDONLY | O_NOFOLLOW));
    if (options.unpack_archives && TRY(is_archive(content.get()))) {
      TRY(placing.unpack(content.get()));
      return writer.finish();
    }
    if (::fstat(content.get(), &status) != 0) return failed_errno(errno, "stat {}", file.path);
  }
  status.st_mode = S_IFREG | (file.mode & 07777);
  if (file.modified) status.st_mtim = {.tv_sec = *file.modified, .tv_nsec = 0};
  const std::string to = TRY(placing.place_of(file.name));
  TRY(content ? writer.write_from(content.get(), status, to) : writer.write(file.content, status, to));
  return writer.finish();
}

}  // namespace podo::builder
