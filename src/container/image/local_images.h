// The maker of Images: everything in one folder, what it holds in memory too (a few kilobytes an image). Its
// parts are in a file per verb: open.cpp, recover.cpp, names.cpp, remove.cpp, blobs.cpp, layers.cpp,
// add_image.cpp, snapshots.cpp, keep_changes.cpp, built.cpp, commit.cpp, save.cpp, load.cpp, collect.cpp.
//
// Lives on the loop. The maps are what is true now; the store follows them (records.h), so a step that looks
// and acts without an await in between cannot be overtaken.
#pragma once

#include <map>
#include <set>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "container/image/folders.h"
#include "container/image/images.h"
#include "container/image/records.h"
#include "container/image/unpack.h"

namespace podo::image {

template <class T>
using ByName = std::map<std::string, T, std::less<>>;

class LocalImages final : public Images {
 public:
  LocalImages(const ImagesGround& ground, ImagesOptions options);
  Task<void> open();

  Result<ImagePtr> get(std::string_view reference) const override;
  std::vector<ImagePtr> list() const override;
  Task<void> tag(std::string id, std::string reference) override;
  Task<Removed> remove(std::string reference, RemoveOptions options) override;

  bool has_blob(std::string_view digest) const override { return blobs_.contains(digest); }
  std::string blob_path(std::string_view digest) const override { return folders_.blob(digest); }
  Task<std::string> read_blob(std::string digest, std::size_t bytes_max) override;
  Task<std::unique_ptr<BlobWriter>> write_blob(std::string digest, std::uint64_t size) override;
  Task<std::string> add_blob(std::string bytes) override;
  Task<ImagePtr> add_image(std::string manifest_digest, std::vector<std::string> references,
                           ProgressSink progress) override;
  Task<void> unpack_layer(std::string blob_digest, std::string media_type, std::string diff_id,
                          std::string parent_chain_id, ProgressSink progress) override;
  bool has_layer(std::string_view chain_id) const override;

  Task<Snapshot> make_snapshot(std::string container_id, ImagePtr image) override;
  Task<void> mark_scratch(std::string container_id) override;
  Result<Snapshot> snapshot(std::string_view container_id) const override;
  Task<void> mount_snapshot(std::string container_id, std::string target) override;
  Task<void> unmount(std::string target) override;
  Task<void> remove_snapshot(std::string container_id) override;
  Task<std::vector<Change>> changes(std::string container_id) override;
  Task<std::uint64_t> snapshot_bytes(std::string container_id) override;

  Task<ImagePtr> commit(CommitOptions options) override;
  Task<void> save(std::vector<std::string> references, Sink sink) override;
  Task<std::vector<std::string>> load(http::Body& archive, ProgressSink progress) override;
  Task<ImagePtr> import(http::Body& archive, std::string reference, std::string config_json,
                        std::string message) override;
  Task<void> export_tree(std::string folder, Sink sink) override;

  Task<Snapshot> make_build_snapshot(std::string id, std::vector<std::string> chain_ids,
                                     std::vector<std::string> stubs) override;
  Task<KeptLayer> keep_changes(std::string id, std::optional<std::int64_t> times_at_most) override;
  Task<oci::Descriptor> pack_layer(std::string chain_id) override;
  Task<ImagePtr> add_built(oci::ImageConfig config, std::vector<std::string> references,
                           std::string parent_image_id,
                           std::map<std::string, std::string> annotations) override;
  void add_roots(std::function<void(InUse& into)> roots) override;
  Task<void> adopt_blob(std::string path, std::string digest, std::uint64_t size) override;

  Task<void> pin(std::string digest, Duration lease) override;
  Task<std::uint64_t> collect_garbage() override;
  Task<std::uint64_t> drop_layers(std::vector<std::string> chain_ids) override;
  Task<Usage> usage() override;
  std::string storage_driver() const override { return copies_ ? "vfs" : "overlay2"; }

 private:
  friend class PartialBlob;
  // A folder or file name below work/, which goes to the trash unless it was moved away.
  class WorkPlace;
  // What one strand is making; another one that wants the same waits.
  class Claim;
  // What a manifest names, read and checked.
  struct Described {
    oci::Manifest manifest;
    oci::ImageConfig config;
    std::string config_text;
  };

  // open.cpp, recover.cpp
  Task<void> read_records();
  void read_record(std::string_view key, std::string_view value);
  Task<void> recover();
  Task<bool> recheck_blob(std::string digest, std::uint64_t size);
  Task<void> load_images();
  Task<void> clear_leftovers();
  void settle_soon();
  Task<void> settle();

  Task<void> record(store::Transaction transaction);
  void discard(std::string path);  // off the way at once, removed in the background
  Task<void> remove_in_background(std::string path);
  Task<void> let_go(std::shared_ptr<io::Fd> mount, std::shared_ptr<Claim> claim);
  Task<void> hold_blob(std::string digest, std::uint64_t size);  // the file has its name: it is ours now

  Task<Described> describe(std::string manifest_digest);
  Task<void> unpack_all(std::shared_ptr<const Described> described, ProgressSink progress);
  Task<void> unpack_one(std::string blob_digest, std::string diff_id, std::string parent_chain_id,
                        ProgressSink progress);
  Task<std::string> unpack_unnamed(std::string blob, std::string parent_chain_id);  // gives the diff id
  Task<void> keep_layer(std::string work, std::string chain_id, LayerRecord layer);
  Result<std::vector<std::string>> layer_trees(const std::vector<std::string>& chain_ids) const;
  ImagePtr make_image(const Described& described, const ConfigRecord& config) const;
  void update_names(std::string_view id);
  Task<void> name_image(std::string id, std::vector<std::string> references);

  std::vector<std::string> references_of(std::string_view id) const;
  bool is_named_by_id(std::string_view id, std::string_view text) const;
  Result<> check_removable(const Image& image, const RemoveOptions& options, bool asked_by_id_alone) const;
  Task<void> untag(std::string reference, Removed& removed);
  Task<void> delete_image(std::string id, Removed& removed);
  enum class Pins : bool { ignored_for_layers, respected };
  Task<std::uint64_t> drop_unused(std::vector<std::string> blobs, std::vector<std::string> chain_ids,
                                  Removed* removed, Pins pins = Pins::respected);
  InUse used() const;
  bool pinned(std::string_view digest) const;
  void pin_for(std::string_view digest, Duration lease);

  Task<std::string> pack_missing(std::string chain_id);
  Task<ImagePtr> name_built(oci::ImageConfig config, oci::Manifest manifest,
                            std::vector<std::string> references, std::string parent_id);
  Task<ImagePtr> image_of_layer(oci::ImageConfig config, ImagePtr base, std::string layer_file,
                                std::vector<std::string> references, std::string parent_id);
  Task<std::string> receive(http::Body& archive, std::string path);

  ImagesGround ground_;
  ImagesOptions options_;
  Folders folders_;
  std::string boot_;  // of the machine
  bool copies_ = false;

  ByName<BlobRecord> blobs_;
  ByName<LayerRecord> layers_;        // by chain id
  ByName<ConfigRecord> configs_;      // by image id
  ByName<ImagePtr> images_;           // by image id
  ByName<std::string> references_;    // -> image id
  ByName<SnapshotRecord> snapshots_;  // by container
  ByName<std::string> mounted_;       // target -> container
  std::vector<std::function<void(InUse&)>> roots_;
  ByName<Monotonic> pins_;  // digests and chain ids, until when
  std::set<std::string, std::less<>> claimed_;
  io::Condition released_{"another one makes the same"};
  std::uint64_t works_ = 0;
  bool settling_ = false;
  io::TaskGroup background_;  // the last member: its strands use the others
};

class LocalImages::WorkPlace {
 public:
  explicit WorkPlace(LocalImages& images)
      : images_(images), path_(text("{}/{}", images.folders_.work(), ++images.works_)) {}
  WorkPlace(const WorkPlace&) = delete;
  ~WorkPlace() { images_.discard(path_); }
  const std::string& path() const { return path_; }

 private:
  LocalImages& images_;
  std::string path_;
};

class LocalImages::Claim {
 public:
  Claim(LocalImages& images, std::string name) : images_(images), name_(std::move(name)) {
    images_.claimed_.insert(name_);
  }
  Claim(const Claim&) = delete;
  ~Claim() {
    images_.claimed_.erase(name_);
    images_.released_.notify_all();
  }

 private:
  LocalImages& images_;
  std::string name_;
};

std::string chain_id_of(std::string_view parent_chain_id, std::string_view diff_id);
std::vector<std::string> chain_ids_of(const std::vector<std::string>& diff_ids);

}  // namespace podo::image
