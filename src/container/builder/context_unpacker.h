// A context that comes as an archive becomes a folder, piece by piece; the digests of its files, computed on
// the way, are what select() asks for later. Names that lead out of it are refused: "forbidden path outside
// the build context"; symlinks among its files are walked inside it.
#pragma once

#include <memory>
#include <string>

#include "base/crypto/digest.h"
#include "container/archive/tree_extractor.h"
#include "container/copy/stat_cache.h"

namespace podo::builder {

// Blocking: for the pool; one thread at a time.
class ContextUnpacker final : public engine::TreeObserver {
 public:
  // `folder` is there, and nobody else's.
  static Result<std::unique_ptr<ContextUnpacker>> open(const std::string& folder, StatCache& digests,
                                                       std::uint64_t bytes_max);
  Result<> take(std::string_view bytes);  // of a tar stream
  Result<> finish();

 private:
  ContextUnpacker(io::Fd root, StatCache& digests, std::uint64_t bytes_max);
  Result<> entry(const tar::Entry& entry) override;
  void data(std::uint64_t offset, std::string_view bytes) override;
  void complete(int file) override;

  io::Fd root_;
  StatCache& digests_;
  std::uint64_t bytes_left_, entries_left_;
  engine::TreeExtractor extractor_;
  crypto::Digest digest_;       // of the file that comes
  std::uint64_t digested_ = 0;  // its bytes so far
  bool is_digested_ = false;    // all of them, and nothing else counts
  bool any_ = false;
};

// A file on disk, however it is compressed.
Result<> unpack_context(int archive, const std::string& folder, StatCache& digests, std::uint64_t bytes_max);

}  // namespace podo::builder
