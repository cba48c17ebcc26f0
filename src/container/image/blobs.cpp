#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto/digest.h"
#include "base/linux/file.h"
#include "container/image/local_images.h"

namespace podo::image {
namespace {

constexpr std::size_t gathered_bytes = 1 << 20;

// What the pool's threads touch of a blob that is being written.
struct BlobFile {
  io::Fd file;
  crypto::Digest digest;
  explicit BlobFile(crypto::DigestAlgorithm algorithm) : digest(algorithm) {}

  // What an earlier download left is digested again; gives how much that is.
  Result<std::uint64_t> open(const std::string& path, std::uint64_t size) {
    file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, 0644));
    std::string buffer(gathered_bytes, '\0');
    std::uint64_t offset = 0;
    for (;;) {
      const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
      if (count < 0) return failed_errno(errno, "read {}", path);
      if (count == 0) break;
      digest.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
      offset += static_cast<std::uint64_t>(count);
    }
    if (offset <= size) return offset;
    if (ftruncate(file.get(), 0) != 0 || lseek(file.get(), 0, SEEK_SET) != 0)
      return failed_errno(errno, "truncate {}", path);
    digest = crypto::Digest(TRY(crypto::algorithm_of(digest.text())));
    return 0;
  }
  Result<> append(std::string_view bytes) {
    digest.add(bytes);
    while (!bytes.empty()) {
      const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed_errno(errno, "write a blob");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }
};

// The file has its name, and both will be there after a power cut.
Result<> make_durable(const std::string& path, const std::string& name, std::uint64_t size) {
  io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_NOFOLLOW));
  struct stat status;
  if (fstat(file.get(), &status) != 0) return failed_errno(errno, "stat {}", path);
  if (static_cast<std::uint64_t>(status.st_size) != size)
    return corrupt("{} has {} bytes instead of {}", path, status.st_size, size);
  if (fdatasync(file.get()) != 0) return failed_errno(errno, "fdatasync {}", path);
  if (::rename(path.c_str(), name.c_str()) != 0) return failed_errno(errno, "rename {}", path);
  const std::string above = name.substr(0, name.rfind('/'));
  io::Fd folder = TRY(linux::open_at(AT_FDCWD, above.c_str(), O_RDONLY | O_DIRECTORY));
  if (fsync(folder.get()) != 0) return failed_errno(errno, "fsync {}", above);
  return {};
}

}  // namespace

class PartialBlob final : public Images::BlobWriter {
 public:
  PartialBlob(LocalImages& images, std::string digest, std::uint64_t size)
      : images_(images), digest_(std::move(digest)), size_(size) {}
  ~PartialBlob() override {
    if (file_ == nullptr) return;
    images_.claimed_.erase(digest_);
    images_.released_.notify_all();
  }

  std::uint64_t offset() const override { return offset_; }

  // Nothing of it is kept: the blob is here already.
  void be_complete() { offset_ = size_; }

  Task<void> begin() {
    images_.claimed_.insert(digest_);
    file_ = std::make_shared<BlobFile>(co_await crypto::algorithm_of(digest_));
    offset_ = co_await images_.ground_.pool.run([file = file_, path = images_.folders_.partial(digest_),
                                                 size = size_] { return file->open(path, size); });
  }

  Task<void> write(std::string bytes) override {
    if (bytes.size() > size_ - offset_)
      co_await exhausted("{} is longer than the {} bytes it should have", digest_, size_);
    if (file_ == nullptr) co_return;
    offset_ += bytes.size();
    if (gathered_.empty()) gathered_ = std::move(bytes);
    else gathered_ += bytes;
    if (gathered_.size() >= gathered_bytes) co_await put_down();
  }

  Task<void> commit() override {
    if (file_ == nullptr) co_return;
    co_await put_down();
    const std::string partial = images_.folders_.partial(digest_);
    if (offset_ != size_) co_await corrupt("{} has {} bytes instead of {}", digest_, offset_, size_);
    if (std::string got = file_->digest.text(); got != digest_) {
      ::unlink(partial.c_str());  // going on with it would never help
      co_await corrupt("filesystem layer verification failed for digest {}: the bytes are {}", digest_, got);
    }
    if (::rename(partial.c_str(), images_.folders_.blob(digest_).c_str()) != 0)
      co_await failed_errno(errno, "rename {}", partial);
    co_await images_.hold_blob(digest_, size_);
  }

 private:
  Task<void> put_down() {
    if (gathered_.empty()) co_return;
    auto bytes = std::make_shared<std::string>(std::move(gathered_));
    gathered_.clear();
    co_await images_.ground_.pool.run([file = file_, bytes] { return file->append(*bytes); });
  }

  LocalImages& images_;
  std::string digest_, gathered_;
  std::uint64_t size_, offset_ = 0;
  std::shared_ptr<BlobFile> file_;
};

Task<std::unique_ptr<Images::BlobWriter>> LocalImages::write_blob(std::string digest, std::uint64_t size) {
  co_await oci::check_digest(digest);
  while (claimed_.contains(digest)) co_await released_.wait();
  auto writer = std::make_unique<PartialBlob>(*this, digest, size);
  if (has_blob(digest)) writer->be_complete();
  else co_await writer->begin();
  co_return std::move(writer);
}

Task<std::string> LocalImages::add_blob(std::string bytes) {
  std::string digest = crypto::digest_of(bytes);
  auto writer = co_await write_blob(digest, bytes.size());
  if (writer->offset() < bytes.size()) co_await writer->write(bytes.substr(writer->offset()));
  co_await writer->commit();
  co_return digest;
}

Task<void> LocalImages::hold_blob(std::string digest, std::uint64_t size) {
  BlobRecord blob{size, boot_};
  store::Transaction transaction{.then = {store::put(std::string(keys::blob) + digest, encode(blob))}};
  pin_for(digest, seconds(900));  // until an image names it
  blobs_[digest] = std::move(blob);
  settle_soon();
  co_await record(std::move(transaction));
}

Task<void> LocalImages::adopt_blob(std::string path, std::string digest, std::uint64_t size) {
  co_await oci::check_digest(digest);
  while (claimed_.contains(digest)) co_await released_.wait();
  Claim claim(*this, digest);
  const std::string name = folders_.blob(digest);
  co_await ground_.pool.run([path, name, size]() -> Result<> { return make_durable(path, name, size); });
  // Settled from the beginning; and it says so on the disk before anybody hears of it.
  BlobRecord blob{size, {}};
  store::Transaction transaction{.then = {store::put(std::string(keys::blob) + digest, encode(blob))},
                                 .durability = store::Durability::durable};
  pin_for(digest, seconds(900));
  blobs_[digest] = std::move(blob);
  co_await ground_.store.commit(std::move(transaction));
}

Task<std::string> LocalImages::read_blob(std::string digest, std::size_t bytes_max) {
  if (!has_blob(digest)) co_await not_found("the blob {} is not here", digest);
  co_return co_await ground_.pool.run(
      [path = folders_.blob(digest), digest, bytes_max]() -> Result<std::string> {
        std::string bytes = TRY(linux::read_file(path.c_str(), bytes_max));
        if (crypto::digest_of(bytes, TRY(crypto::algorithm_of(digest))) != digest)
          return corrupt("the blob {} was changed on the disk", digest);
        return bytes;
      });
}

}  // namespace podo::image
