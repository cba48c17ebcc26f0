#include "container/builder/context_unpacker.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/linux/file.h"
#include "container/copy/archive_stream.h"
#include "container/copy/file_digest.h"

namespace podo::builder {
namespace {

constexpr std::uint64_t entries_max = 2'000'000;

bool leads_up(std::string_view path) {
  return path == ".." || path.starts_with("../") || path.ends_with("/..") || path.contains("/../");
}

}  // namespace

ContextUnpacker::ContextUnpacker(io::Fd root, StatCache& digests, std::uint64_t bytes_max)
    : root_(std::move(root)),
      digests_(digests),
      bytes_left_(bytes_max),
      entries_left_(entries_max),
      extractor_(root_.get(), "/", {.observer = this}) {}

Result<std::unique_ptr<ContextUnpacker>> ContextUnpacker::open(const std::string& folder, StatCache& digests,
                                                               std::uint64_t bytes_max) {
  io::Fd root = TRY(linux::open_at(AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return std::unique_ptr<ContextUnpacker>(new ContextUnpacker(std::move(root), digests, bytes_max));
}

Result<> ContextUnpacker::take(std::string_view bytes) {
  any_ = any_ || !bytes.empty();
  return extractor_.feed(bytes);
}

Result<> ContextUnpacker::finish() {
  if (!any_) return {};  // nothing at all is a context without files
  return extractor_.finish();
}

Result<> ContextUnpacker::entry(const tar::Entry& entry) {
  if (leads_up(entry.path)) return invalid("forbidden path outside the build context: {} ()", entry.path);
  if (entry.size > bytes_left_ || entries_left_ == 0) return exhausted("the build context is too large");
  bytes_left_ -= entry.size;
  --entries_left_;
  digest_ = crypto::Digest();
  digested_ = 0;
  is_digested_ = entry.xattrs.empty();  // which of them the file system takes is seen later
  return {};
}

void ContextUnpacker::data(std::uint64_t offset, std::string_view bytes) {
  is_digested_ = is_digested_ && offset == digested_;
  if (!is_digested_) return;
  digest_.add(bytes);
  digested_ += bytes.size();
}

// Also a file that replaced one of the same inode, size and times within a tick of the clock comes through
// here, so that the older digest never stands for it.
void ContextUnpacker::complete(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return;
  if (is_digested_ && digested_ == static_cast<std::uint64_t>(status.st_size))
    digests_.keep_own(status, with_xattrs(digest_.bytes(), {}));
  else digests_.forget(status);
}

Result<> unpack_context(int archive, const std::string& folder, StatCache& digests, std::uint64_t bytes_max) {
  auto unpacker = TRY(ContextUnpacker::open(folder, digests, bytes_max));
  ArchiveStream stream = TRY(ArchiveStream::open(archive));
  for (;;) {
    const std::string_view piece = TRY(stream.next());
    if (piece.empty()) return unpacker->finish();
    TRY(unpacker->take(piece));
  }
}

}  // namespace podo::builder
