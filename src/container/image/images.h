// Images: what they consist of, what they are called, and the file trees made of them.
//
// Content (configs, manifests, indexes, compressed layers) is addressed by digest and lies in an OCI image
// layout on the data folder (DATA/images/oci-layout, blobs/sha256/...); unpacked layers lie beside it
// (DATA/images/layers/CHAIN-ID/fs), shared by every image and container that has the same chain. References,
// and which layers are complete, are in the store below "image/". A crash at any point leaves no half image:
// bytes get their final name after they were verified, and the reference is written last.
//
// An image's id is the digest of its config ("sha256:..."), as in Docker's classic store; its repo digests
// are manifest digests. Lives on the daemon's loop; unpacking, hashing and mounting go to the pool.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/http/client.h"
#include "base/io/blocking_pool.h"
#include "base/io/epoll_loop.h"
#include "base/store/store.h"
#include "container/image/image.h"

namespace podo::image {

using io::Task;

struct ImagesGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  store::Store& store;
  Random& random;
  Clock& clock;
  Log& log;
};

struct ImagesOptions {
  std::string folder;  // DATA/images
  enum class Snapshots : std::uint8_t { choose, overlay, copy } snapshots = Snapshots::choose;
  std::uint64_t layer_bytes_max = 64ull << 30;  // unpacked; an image's layers together: 4 times that
  std::uint64_t layer_entries_max = 4'000'000;
  // How long after the last addition the file system is flushed: later than the kernel would write by itself,
  // so that little is left to do and nobody's disk is held up. Until then a power cut costs a check
  // (records.h).
  Duration settle_after = seconds(45);
};

class Images {
 public:
  static Task<std::unique_ptr<Images>> open(const ImagesGround& ground, ImagesOptions options);
  virtual ~Images() = default;

  // --- names (references are stored complete: "docker.io/library/busybox:latest") ---
  // By tag, digest reference, id, or a unique prefix of an id (12 or more, or unambiguous). not_found: "No
  // such image: x".
  virtual Result<ImagePtr> get(std::string_view reference) const = 0;
  virtual std::vector<ImagePtr> list() const = 0;
  virtual Task<void> tag(std::string id, std::string reference) = 0;  // takes it from whoever had it
  // `in_use(id)`: how many containers use it, and whether one runs; conflict unless forced.
  struct RemoveOptions {
    bool force = false, prune_parents = true;
    std::function<std::string(const std::string& id)>
        in_use;  // "" or who uses it: "container 3f2a (running)"
  };
  virtual Task<Removed> remove(std::string reference, RemoveOptions options) = 0;

  // --- content ---
  virtual bool has_blob(std::string_view digest) const = 0;
  virtual std::string blob_path(std::string_view digest) const = 0;
  virtual Task<std::string> read_blob(std::string digest, std::size_t bytes_max) = 0;
  // Streams a blob in, hashing; not_found of nothing, corrupt when the digest differs, exhausted past `size`.
  // The writer keeps what came so far in a partial file, so that a broken download is resumed.
  class BlobWriter {
   public:
    virtual ~BlobWriter() = default;  // without commit(): the partial file stays for a while
    virtual std::uint64_t offset() const = 0;
    virtual Task<void> write(std::string bytes) = 0;
    virtual Task<void> commit() = 0;
  };
  virtual Task<std::unique_ptr<BlobWriter>> write_blob(std::string digest, std::uint64_t size) = 0;
  // The same for bytes whose digest is not known before: gives the digest.
  virtual Task<std::string> add_blob(std::string bytes) = 0;

  // Unpacks what is missing of the layers (in parallel where it helps), verifies diff ids, then records the
  // image under `references` (tags, and "name@digest"). `manifest_digest` names a manifest blob that is here.
  virtual Task<ImagePtr> add_image(std::string manifest_digest, std::vector<std::string> references,
                                   ProgressSink progress) = 0;
  // Begins to unpack a layer as soon as its blob is here (before the others are); add_image finds it done.
  virtual Task<void> unpack_layer(std::string blob_digest, std::string media_type, std::string diff_id,
                                  std::string parent_chain_id, ProgressSink progress) = 0;
  virtual bool has_layer(std::string_view chain_id) const = 0;  // it and all below it

  // --- containers' trees ---
  virtual Task<Snapshot> make_snapshot(std::string container_id, ImagePtr image) = 0;
  // For a container that is removed when it ends: fsync(2) in it does nothing from the next mount on, and its
  // end waits for no disk; a power cut may leave it damaged.
  virtual Task<void> mark_scratch(std::string) { co_return; }
  virtual Result<Snapshot> snapshot(std::string_view container_id) const = 0;
  virtual Task<void> mount_snapshot(std::string container_id, std::string target) = 0;  // fine if mounted
  // Fine if it is not mounted. The target is free at once; what the kernel still writes of the tree it
  // writes in the background, and the next mount_snapshot of the container waits for it.
  virtual Task<void> unmount(std::string target) = 0;
  virtual Task<void> remove_snapshot(std::string container_id) = 0;
  virtual Task<std::vector<Change>> changes(std::string container_id) = 0;
  virtual Task<std::uint64_t> snapshot_bytes(
      std::string container_id) = 0;  // what the container itself holds

  // --- images in the making (container/builder) --- A tree over layers that need not be an image's. `stubs`:
  // absolute paths, of folders (with '/' at the end) and files that must be there to mount something on; what
  // of them the layers lack lies in a layer of its own that is never kept, so that mounts leave no trace in
  // what the tree becomes. Scratch, and gone with the daemon. Whoever makes one removes it, by keep_changes
  // or remove_snapshot, also when this was cancelled. Also to read a chain's tree: mounting costs 0.3 ms.
  virtual Task<Snapshot> make_build_snapshot(std::string id, std::vector<std::string> chain_ids,
                                             std::vector<std::string> stubs) = 0;
  // What the snapshot changed becomes an unpacked layer over its own, without a copy: the snapshot is gone
  // then. It must not be mounted (conflict); after a failure it is still there. Times after `times_at_most`
  // (seconds) become it. diff_id "": nothing was changed, chain_id is the parent's. Pinned for 15 minutes.
  struct KeptLayer {
    std::string chain_id, diff_id;
    std::uint64_t bytes = 0;
  };
  virtual Task<KeptLayer> keep_changes(std::string id, std::optional<std::int64_t> times_at_most) = 0;
  // The blob of an unpacked layer, made if there is none; side by side for several. The same tree gives the
  // same bytes. Its diff id is checked on the way.
  virtual Task<oci::Descriptor> pack_layer(std::string chain_id) = 0;
  // An image of layers that are here, packed or packed now: config (its diff_ids say the layers) -> manifest
  // -> names. Annotations go into the manifest.
  virtual Task<ImagePtr> add_built(oci::ImageConfig config, std::vector<std::string> references,
                                   std::string parent_image_id,
                                   std::map<std::string, std::string> annotations) = 0;
  // More that is in use than images and snapshots: asked before anything is removed as unused. In the order
  // they were added; nothing is removed before the first question.
  struct InUse {
    std::set<std::string, std::less<>> blobs, chain_ids;
  };
  virtual void add_roots(std::function<void(InUse& into)> roots) = 0;
  // A complete file, verified by the caller, becomes the blob of that digest by its name alone (a folder of
  // the same file system). Durable: when this returns, bytes, name and record survive a power cut; a blob
  // that was here is one then, too. Pinned for 15 minutes.
  virtual Task<void> adopt_blob(std::string path, std::string digest, std::uint64_t size) = 0;

  // --- from and to archives ---
  struct CommitOptions {
    std::string container_id, reference, parent_image_id,
        config_json;  // the new image's config, without rootfs
    std::string author, comment, created_by;
  };
  virtual Task<ImagePtr> commit(CommitOptions options) = 0;  // the snapshot's changes become a layer
  // `docker save`: an OCI layout that is a docker archive too (manifest.json, repositories). Written piece by
  // piece.
  using Sink = std::function<Task<void>(std::string_view)>;
  virtual Task<void> save(std::vector<std::string> references, Sink sink) = 0;
  // `docker load`: docker archives and OCI layouts, plain or gzip/zstd.
  virtual Task<std::vector<std::string>> load(http::Body& archive,
                                              ProgressSink progress) = 0;  // what was loaded
  // `docker import`: a tar of a file tree becomes an image of one layer.
  virtual Task<ImagePtr> import(http::Body& archive, std::string reference, std::string config_json,
                                std::string message) = 0;
  virtual Task<void> export_tree(std::string folder, Sink sink) = 0;  // a mounted tree as tar

  // --- keeping house ---
  virtual Task<void> pin(std::string digest, Duration lease) = 0;  // not collected for so long
  // Removes content nothing refers to; pinned content stays.
  virtual Task<std::uint64_t> collect_garbage() = 0;  // bytes freed
  // Of these, those below them and their blobs: what nothing refers to any more; the layers' pins do not
  // count.
  virtual Task<std::uint64_t> drop_layers(std::vector<std::string> chain_ids) = 0;  // bytes freed
  struct Usage {
    std::uint64_t blob_bytes = 0, layer_bytes = 0;
  };
  virtual Task<Usage> usage() = 0;
  virtual std::string storage_driver() const = 0;  // "overlay2" or "vfs"
};

}  // namespace podo::image
