#include "container/image/archive_files.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/format/gzip.h"
#include "base/linux/file.h"
#include "base/linux/path.h"
#include "model/oci/image.h"

namespace podo::image {
namespace {

constexpr std::size_t document_bytes_max = 8 << 20;
constexpr unsigned links_max = 8;  // that lead to one another

}  // namespace

Result<> ArchiveFiles::take(std::string_view bytes) {
  decoder_.feed(bytes);
  return expand();
}

Result<> ArchiveFiles::finish() {
  decoder_.finish();
  TRY(expand());
  reader_.finish();
  TRY(take_tar({}));
  return end_file();
}

Result<> ArchiveFiles::expand() {
  for (;;) {
    std::string_view piece = TRY(decoder_.next());
    if (piece.empty()) return {};
    TRY(take_tar(piece));
  }
}

Result<> ArchiveFiles::take_tar(std::string_view bytes) {
  reader_.feed(bytes);
  for (;;) {
    switch (TRY(reader_.next())) {
      case tar::Reader::Event::want_more:
      case tar::Reader::Event::end: return {};
      case tar::Reader::Event::entry: TRY(begin(reader_.entry())); break;
      case tar::Reader::Event::data: {
        std::string_view data = reader_.data();
        if (reader_.data_offset() != size_) return unsupported("an image archive with sparse files");
        digest_.add(data);
        size_ += data.size();
        while (!data.empty()) {
          const ssize_t count = ::write(file_.get(), data.data(), data.size());
          if (count < 0) return failed_errno(errno, "write {}", name_);
          data.remove_prefix(static_cast<std::size_t>(count));
        }
      }
    }
  }
}

Result<> ArchiveFiles::begin(const tar::Entry& entry) {
  TRY(end_file());
  if (made_ + links_.size() >= files_max)
    return exhausted("an image archive of more than {} files", files_max);
  const std::string name = linux::clean_path(entry.path);
  if (entry.type == tar::Type::hard_link) {
    links_[name] = linux::clean_path(entry.link);
  } else if (entry.type == tar::Type::symlink) {
    links_[name] = entry.link.starts_with('/')
                       ? linux::clean_path(entry.link)
                       : linux::clean_path(name.substr(0, name.rfind('/')) + "/" + entry.link);
  } else if (entry.type == tar::Type::file) {
    name_ = name;
    path_ = text("{}/{}", folder_, ++made_);
    size_ = 0;
    digest_ = crypto::Digest();
    file_ = TRY(linux::open_at(AT_FDCWD, path_.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644));
  }
  return {};
}

Result<> ArchiveFiles::end_file() {
  if (!file_) return {};
  file_.close();
  files_[name_] = {path_, digest_.text(), size_};  // of two of one name the later counts
  return {};
}

const ArchivedFile* ArchiveFiles::find(std::string_view name) const {
  std::string at = linux::clean_path(name);
  for (unsigned i = 0; i < links_max; ++i) {
    if (auto file = files_.find(at); file != files_.end()) return &file->second;
    auto link = links_.find(at);
    if (link == links_.end()) return nullptr;
    at = link->second;
  }
  return nullptr;
}

Result<std::string> ArchiveFiles::read(std::string_view name) const {
  const ArchivedFile* file = find(name);
  if (file == nullptr) return not_found("the archive has no {}", name);
  return linux::read_file(file->path.c_str(), document_bytes_max);
}

Result<std::string> layer_media_type(const std::string& path) {
  io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY));
  char bytes[4] = {};
  if (::read(file.get(), bytes, sizeof bytes) < 0) return failed_errno(errno, "read {}", path);
  const std::string_view beginning(bytes, sizeof bytes);
  if (gzip::is_gzip(beginning)) return std::string(oci::media_type::layer_gzip);
  if (zstd::is_zstd(beginning)) return std::string(oci::media_type::layer_zstd);
  return std::string(oci::media_type::layer);
}

}  // namespace podo::image
