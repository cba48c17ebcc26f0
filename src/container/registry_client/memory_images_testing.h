// Images that are kept in memory: for the tests of the registry client.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <map>
#include <set>

#include "base/crypto/digest.h"
#include "base/io/timer.h"
#include "base/linux/file.h"
#include "container/image/images.h"

namespace podo::image {

// The parts of Images that a registry client uses; the others are unsupported.
class MemoryImages final : public Images {
 public:
  MemoryImages() {
    char name[] = "/tmp/podo-registry-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    folder_ = name;
  }
  ~MemoryImages() override {
    for (const auto& path : files_) ::unlink(path.c_str());
    ::rmdir(folder_.c_str());
  }

  std::map<std::string, std::string, std::less<>> blobs, partial;
  std::set<std::string, std::less<>> layers;
  std::map<std::string, ImagePtr, std::less<>> images;  // by reference
  int writes = 0;                                       // of blobs, begun
  Duration write_takes = {};

  Result<ImagePtr> get(std::string_view reference) const override {
    if (const auto found = images.find(reference); found != images.end()) return found->second;
    return not_found("No such image: {}", reference);
  }
  std::vector<ImagePtr> list() const override {
    std::vector<ImagePtr> out;
    for (const auto& [name, image] : images) out.push_back(image);
    return out;
  }
  bool has_blob(std::string_view digest) const override { return blobs.contains(digest); }
  bool has_layer(std::string_view chain_id) const override { return layers.contains(chain_id); }
  std::string blob_path(std::string_view digest) const override {
    const std::string path = folder_ + "/" + std::string(digest);
    auto file = linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    REQUIRE(file.has_value());
    REQUIRE(linux::write_whole(file->get(), blobs.find(digest)->second).has_value());
    files_.insert(path);
    return path;
  }
  Task<std::string> read_blob(std::string digest, std::size_t) override {
    if (!has_blob(digest)) co_await not_found("no blob {}", digest);
    co_return blobs[digest];
  }

  class Writer final : public BlobWriter {
   public:
    Writer(MemoryImages& images, std::string digest, std::uint64_t size)
        : images_(images), digest_(std::move(digest)), size_(size) {}
    std::uint64_t offset() const override { return images_.partial[digest_].size(); }
    Task<void> write(std::string bytes) override {
      if (images_.write_takes.ns > 0) co_await io::sleep(images_.write_takes);
      if (offset() + bytes.size() > size_) co_await exhausted("longer than {} bytes", size_);
      images_.partial[digest_] += bytes;
    }
    Task<void> commit() override {
      std::string bytes = std::exchange(images_.partial[digest_], {});
      images_.partial.erase(digest_);
      if (bytes.size() != size_ || crypto::digest_of(bytes) != digest_)
        co_await corrupt("verification failed for digest {}", digest_);
      images_.blobs[digest_] = std::move(bytes);
    }

   private:
    MemoryImages& images_;
    std::string digest_;
    std::uint64_t size_;
  };
  Task<std::unique_ptr<BlobWriter>> write_blob(std::string digest, std::uint64_t size) override {
    ++writes;
    co_return std::make_unique<Writer>(*this, std::move(digest), size);
  }
  Task<std::string> add_blob(std::string bytes) override {
    std::string digest = crypto::digest_of(bytes);
    blobs[digest] = std::move(bytes);
    co_return digest;
  }

  Task<void> unpack_layer(std::string blob, std::string, std::string diff_id, std::string parent,
                          ProgressSink progress) override {
    if (!has_blob(blob)) co_await not_found("no layer {}", blob);
    progress({.id = {}, .status = "Extracting", .current = 1, .total = 1});
    layers.insert(parent.empty() ? diff_id : crypto::digest_of(parent + " " + diff_id));
  }
  Task<ImagePtr> add_image(std::string manifest_digest, std::vector<std::string> references,
                           ProgressSink) override {
    const json::Document text = co_await json::parse(blobs[manifest_digest]);
    const oci::Manifest manifest = co_await oci::decode_manifest(text);
    const json::Document config_text = co_await json::parse(blobs[manifest.config.digest]);
    auto image = std::make_shared<Image>();
    image->id = manifest.config.digest;
    image->config = co_await oci::decode_image_config(config_text);
    image->manifest_digest = manifest_digest;
    image->chain_ids = chain_ids_of(image->config.diff_ids);
    for (const auto& layer : manifest.layers) image->layer_digests.push_back(layer.digest);
    for (const auto& chain_id : image->chain_ids)
      if (!has_layer(chain_id)) co_await not_found("layer {} was not unpacked", chain_id);
    for (const auto& name : references) (name.contains('@') ? image->digests : image->tags).push_back(name);
    for (const auto& name : references) images[name] = image;
    co_return image;
  }

  Task<void> tag(std::string, std::string) override { return refuse<void>(); }
  Task<Removed> remove(std::string, RemoveOptions) override { return refuse<Removed>(); }
  Task<Snapshot> make_snapshot(std::string, ImagePtr) override { return refuse<Snapshot>(); }
  Result<Snapshot> snapshot(std::string_view) const override { return unsupported("in memory"); }
  Task<void> mount_snapshot(std::string, std::string) override { return refuse<void>(); }
  Task<void> unmount(std::string) override { return refuse<void>(); }
  Task<void> remove_snapshot(std::string) override { return refuse<void>(); }
  Task<std::vector<Change>> changes(std::string) override { return refuse<std::vector<Change>>(); }
  Task<std::uint64_t> snapshot_bytes(std::string) override { return refuse<std::uint64_t>(); }
  Task<ImagePtr> commit(CommitOptions) override { return refuse<ImagePtr>(); }
  Task<void> save(std::vector<std::string>, Sink) override { return refuse<void>(); }
  Task<std::vector<std::string>> load(http::Body&, ProgressSink) override {
    return refuse<std::vector<std::string>>();
  }
  Task<ImagePtr> import(http::Body&, std::string, std::string, std::string) override {
    return refuse<ImagePtr>();
  }
  Task<void> export_tree(std::string, Sink) override { return refuse<void>(); }
  Task<Snapshot> make_build_snapshot(std::string, std::vector<std::string>,
                                     std::vector<std::string>) override {
    return refuse<Snapshot>();
  }
  Task<KeptLayer> keep_changes(std::string, std::optional<std::int64_t>) override {
    return refuse<KeptLayer>();
  }
  Task<oci::Descriptor> pack_layer(std::string) override { return refuse<oci::Descriptor>(); }
  Task<ImagePtr> add_built(oci::ImageConfig, std::vector<std::string>, std::string,
                           std::map<std::string, std::string>) override {
    return refuse<ImagePtr>();
  }
  void add_roots(std::function<void(InUse&)>) override {}
  Task<void> adopt_blob(std::string, std::string, std::uint64_t) override { return refuse<void>(); }
  Task<void> pin(std::string, Duration) override { co_return; }
  Task<std::uint64_t> collect_garbage() override { return refuse<std::uint64_t>(); }
  Task<std::uint64_t> drop_layers(std::vector<std::string>) override { return refuse<std::uint64_t>(); }
  Task<Usage> usage() override { return refuse<Usage>(); }
  std::string storage_driver() const override { return "memory"; }

 private:
  template <class T>
  static Task<T> refuse() {
    co_await unsupported("in memory");
    std::abort();
  }
  std::string folder_;
  mutable std::set<std::string> files_;
};

}  // namespace podo::image
