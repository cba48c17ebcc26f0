// Images without files, for the solver's tests.
#pragma once

#include "base/crypto/digest.h"
#include "container/image/images.h"

namespace podo::builder {

// Remembers snapshots; what a step changed is named by its container's command.
class FakeImages final : public image::Images {
 public:
  std::map<std::string, std::vector<std::string>> snapshots;  // id -> chain
  std::map<std::string, std::string> commands;                // id -> what ran in it
  std::map<std::string, image::ImagePtr, std::less<>> named;
  std::vector<std::string> packed;

  Result<image::ImagePtr> get(std::string_view name) const override {
    if (const auto found = named.find(name); found != named.end()) return found->second;
    return not_found("No such image: {}", name);
  }
  Task<image::Snapshot> make_build_snapshot(std::string id, std::vector<std::string> chain,
                                            std::vector<std::string>) override {
    snapshots[id] = std::move(chain);
    co_return image::Snapshot{.id = id, .upper = "/nowhere", .lower = {}};
  }
  Task<void> mount_snapshot(std::string, std::string) override { co_return; }
  Task<void> unmount(std::string) override { co_return; }
  Task<void> remove_snapshot(std::string id) override {
    snapshots.erase(id);
    co_return;
  }
  Task<KeptLayer> keep_changes(std::string id, std::optional<std::int64_t>) override {
    KeptLayer layer;
    layer.diff_id = "sha256:" + hex_of(commands[id]);
    std::vector<std::string> chain = snapshots[id];
    layer.chain_id = "sha256:" + hex_of((chain.empty() ? "" : chain.back()) + " " + layer.diff_id);
    snapshots.erase(id);
    co_return layer;
  }
  Task<oci::Descriptor> pack_layer(std::string chain_id) override {
    packed.push_back(std::move(chain_id));
    co_return oci::Descriptor{};
  }
  Task<image::ImagePtr> add_built(oci::ImageConfig config, std::vector<std::string>, std::string,
                                  std::map<std::string, std::string>) override {
    auto image = std::make_shared<image::Image>();
    image->id = "sha256:" + hex_of(oci::encode_image_config(config));
    co_return image::ImagePtr(image);
  }

  std::vector<image::ImagePtr> list() const override { return {}; }
  Task<void> tag(std::string, std::string) override { co_return; }
  Task<image::Removed> remove(std::string, RemoveOptions) override { co_return none(); }
  bool has_blob(std::string_view) const override { return false; }
  std::string blob_path(std::string_view) const override { return ""; }
  Task<std::string> read_blob(std::string, std::size_t) override { co_return none(); }
  Task<std::unique_ptr<BlobWriter>> write_blob(std::string, std::uint64_t) override { co_return none(); }
  Task<std::string> add_blob(std::string) override { co_return none(); }
  Task<image::ImagePtr> add_image(std::string, std::vector<std::string>, image::ProgressSink) override {
    co_return none();
  }
  Task<void> unpack_layer(std::string, std::string, std::string, std::string, image::ProgressSink) override {
    co_return;
  }
  bool has_layer(std::string_view) const override { return true; }
  Task<image::Snapshot> make_snapshot(std::string, image::ImagePtr) override { co_return none(); }
  Result<image::Snapshot> snapshot(std::string_view) const override { return none(); }
  Task<std::vector<image::Change>> changes(std::string) override { co_return none(); }
  Task<std::uint64_t> snapshot_bytes(std::string) override { co_return 0; }
  Task<image::ImagePtr> commit(CommitOptions) override { co_return none(); }
  Task<void> save(std::vector<std::string>, Sink) override { co_return; }
  Task<std::vector<std::string>> load(http::Body&, image::ProgressSink) override { co_return none(); }
  Task<image::ImagePtr> import(http::Body&, std::string, std::string, std::string) override {
    co_return none();
  }
  Task<void> export_tree(std::string, Sink) override { co_return; }
  void add_roots(std::function<void(InUse&)>) override {}
  Task<void> adopt_blob(std::string, std::string, std::uint64_t) override { co_return; }
  Task<void> pin(std::string, Duration) override { co_return; }
  Task<std::uint64_t> collect_garbage() override { co_return 0; }
  Task<std::uint64_t> drop_layers(std::vector<std::string>) override { co_return 0; }
  Task<Usage> usage() override { co_return Usage{}; }
  std::string storage_driver() const override { return "overlay2"; }

  static std::string hex_of(const std::string& text) { return crypto::digest_of(text).substr(7); }

 private:
  static Failure none() { return unsupported("not in this test"); }
};

}  // namespace podo::builder
