// An image archive, plain or compressed, as it comes: every file of it becomes a file of a folder, digested
// on the way. Nothing is named after what the archive says, so its names cannot lead anywhere; they are keys
// of a map. Blocking calls; one thread at a time.
#pragma once

#include <map>
#include <string>

#include "base/crypto/digest.h"
#include "base/format/tar.h"
#include "base/io/fd.h"
#include "container/image/decoder.h"

namespace podo::image {

struct ArchivedFile {
  std::string path, digest;  // where it lies; "sha256:..."
  std::uint64_t size = 0;
};

class ArchiveFiles {
 public:
  static constexpr std::size_t files_max = 100'000;

  explicit ArchiveFiles(std::string folder) : folder_(std::move(folder)) {}
  Result<> take(std::string_view bytes);
  Result<> finish();

  // By its name in the archive, links followed; null if there is none.
  const ArchivedFile* find(std::string_view name) const;
  Result<std::string> read(std::string_view name) const;  // a document; not_found

 private:
  Result<> expand();
  Result<> take_tar(std::string_view bytes);
  Result<> begin(const tar::Entry& entry);
  Result<> end_file();

  std::string folder_;
  Decoder decoder_;
  tar::Reader reader_;
  std::map<std::string, ArchivedFile, std::less<>> files_;
  std::map<std::string, std::string, std::less<>> links_;  // name -> name
  std::string name_, path_;                                // of the file that is being written
  std::size_t made_ = 0;
  io::Fd file_;
  crypto::Digest digest_;
  std::uint64_t size_ = 0;
};

// Of a layer's file, by how it begins.
Result<std::string> layer_media_type(const std::string& path);

}  // namespace podo::image
