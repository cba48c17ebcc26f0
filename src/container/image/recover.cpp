// After a power cut: what did not reach the disk is found and put right; see records.h.
#include <fcntl.h>
#include <sys/stat.h>

#include "base/crypto/digest.h"
#include "base/format/json.h"
#include "base/linux/file.h"
#include "container/image/local_images.h"

namespace podo::image {
namespace {

Result<bool> has_digest(const std::string& path, const std::string& digest) {
  io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY));
  crypto::Digest sum(TRY(crypto::algorithm_of(digest)));
  std::string buffer(1 << 20, '\0');
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return failed_errno(errno, "read {}", path);
    if (count == 0) return sum.text() == digest;
    sum.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
  }
}

}  // namespace

Task<bool> LocalImages::recheck_blob(std::string digest, std::uint64_t size) {
  struct stat status;
  if (stat(folders_.blob(digest).c_str(), &status) != 0) co_return false;
  if (static_cast<std::uint64_t>(status.st_size) != size) co_return false;
  auto path = folders_.blob(digest);
  auto same = co_await ground_.pool.run([path, digest] { return has_digest(path, digest); }).result();
  co_return same.value_or(false);
}

Task<void> LocalImages::recover() {
  bool unsettled = false;
  std::vector<std::string> lost_blobs, lost_layers;
  for (const auto& [digest, blob] : blobs_) {
    unsettled = unsettled || !blob.boot.empty();
    struct stat status;
    const bool there = stat(folders_.blob(digest).c_str(), &status) == 0 &&
                       static_cast<std::uint64_t>(status.st_size) == blob.size;
    const bool doubtful = !blob.boot.empty() && blob.boot != boot_;
    if (!there || (doubtful && !co_await recheck_blob(digest, blob.size))) lost_blobs.push_back(digest);
  }
  for (const auto& [chain_id, layer] : layers_) {
    unsettled = unsettled || !layer.boot.empty();
    const bool doubtful = !layer.boot.empty() && layer.boot != boot_;
    if (doubtful || access(folders_.layer_tree(chain_id).c_str(), F_OK) != 0) lost_layers.push_back(chain_id);
  }
  store::Transaction forget;
  for (const std::string& digest : lost_blobs) {
    ground_.log.warn("the blob {} did not survive a power cut", digest);
    blobs_.erase(digest);
    forget.then.push_back(store::erase(store::Range::key(std::string(keys::blob) + digest)));
  }
  for (const std::string& chain_id : lost_layers) {
    layers_.erase(chain_id);
    discard(folders_.layer(chain_id));
    forget.then.push_back(store::erase(store::Range::key(std::string(keys::layer) + chain_id)));
  }
  if (!forget.then.empty()) co_await record(std::move(forget));
  if (unsettled) settle_soon();
}

// Images whose layers are gone are unpacked again; those whose blobs are gone cannot be, and are forgotten.
Task<void> LocalImages::load_images() {
  std::vector<std::string> ids;
  for (const auto& [id, config] : configs_) ids.push_back(id);
  for (const std::string& id : ids) {
    auto described = co_await describe(configs_.at(id).manifest_digest).result();
    if (described) {
      auto shared = std::make_shared<const Described>(*std::move(described));
      auto unpacked = co_await unpack_all(shared, [](const Progress&) {}).result();
      if (unpacked) {
        images_[id] = make_image(*shared, configs_.at(id));
        update_names(id);
        continue;
      }
      described = Failure(std::move(unpacked).error());
    }
    ground_.log.warn("the image {} is lost: {}", short_id(id), described.error().message());
    store::Transaction forget;
    for (const std::string& reference : references_of(id)) {
      references_.erase(reference);
      forget.then.push_back(store::erase(store::Range::key(std::string(keys::reference) + reference)));
    }
    configs_.erase(id);
    forget.then.push_back(store::erase(store::Range::key(std::string(keys::config) + id)));
    co_await record(std::move(forget));
  }
}

}  // namespace podo::image
