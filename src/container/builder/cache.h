// Cache: what steps gave, by the digest of everything they depended on; and folders that RUN
// --mount=type=cache keeps from one build to the next.
//
// A step's key := sha256 of parent chain id, what the step does in one canonical text, and the digests of the
// files it takes. Its value is a layer of Images (by chain id), which Images then keeps as long as the cache
// wants it (Images::add_roots). In the store, relaxed:
//
//   build/step/KEY    {"parent":C,"chain":C,"diff":D,"bytes":N,"what":T,"created":NS,"used":NS,"uses":N}
//   build/fact/KEY    TEXT                      small things worth remembering: digests of trees, ETags
//   build/mount/NUMBER  {"id":ID,"created":NS,"used":NS,"uses":N,"bytes":N}
//                                               files in DATA/build/mounts/NUMBER
//
// Together they keep to a budget: the least recently used step or mount goes first (cache_prune.h), never one
// that a running build has taken (Lease), nor one whose layer an image has: nothing would be won. Of facts
// the oldest go once there are 20,000, and all of them when a prune has left no step. A crash costs nothing
// but when things were used last; a power cut, what did not settle (image/records.h). Lives on the loop;
// folders are measured and removed on the pool.
#pragma once

#include "container/builder/builder.h"

namespace podo::builder {

struct CachedStep {
  std::string parent_chain_id, chain_id,
      diff_id;  // diff_id "": the step changed no file, chain is the parent's
  std::uint64_t bytes = 0;
  std::string what;   // "RUN make", for people
  Wall created = {};  // find() tells it: images made of cached steps are what they were
};

struct CacheGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  store::Store& store;
  image::Images& images;
  Clock& clock;
  Log& log;
};

class Cache {
 public:
  static Task<std::unique_ptr<Cache>> open(const CacheGround& ground, std::string folder,
                                           std::uint64_t bytes_max);
  virtual ~Cache() = default;

  // While one lives, nothing that was found or kept through it is removed.
  class Lease {
   public:
    virtual ~Lease() = default;
    // The layer is here, with those below it; using it makes it the most recent.
    virtual std::optional<CachedStep> find(std::string_view key) = 0;
    virtual Task<void> keep(std::string key, CachedStep step) = 0;  // unavailable: its layer is not here
    // Held: a cached step of which somebody uses the layer without asking by key (a base image's chain).
    virtual void hold(std::string_view chain_id) = 0;
  };
  virtual std::unique_ptr<Lease> lease() = 0;

  virtual std::optional<std::string> fact(std::string_view key) const = 0;
  virtual Task<void> keep_fact(std::string key, std::string text) = 0;

  // A folder for RUN --mount=type=cache. locked: waits until nobody has it; exclusive ("private"): a folder
  // of its own when somebody has it. Given back when dropped.
  class Mount {
   public:
    virtual ~Mount() = default;
    virtual const std::string& path() const = 0;
    virtual bool is_new() const = 0;  // empty, to be filled from `from=` or given its mode and owner
  };
  enum class Sharing : std::uint8_t { shared, exclusive, locked };
  virtual Task<std::unique_ptr<Mount>> mount(std::string id, Sharing sharing) = 0;

  // Two builds that are about to make the same step: the second waits, and finds it done. A step that an
  // import made known is fetched first, with the layers below it that are missing: find() has it then, if it
  // was to be had.
  class Claim {
   public:
    virtual ~Claim() = default;
  };
  virtual Task<std::unique_ptr<Claim>> claim(std::string key) = 0;

  virtual std::vector<CacheItem> items() const = 0;
  virtual Task<engine::Pruned> prune(CachePrune how) = 0;

  // Steps with their packed layers, to and from an OCI layout folder, or a registry. The manifest's config
  // (application/vnd.podo.build.cache.v1+json) lists the steps, its layers are those of Images. Only the
  // steps a build asks for are fetched later (claim): `import` makes known what there is, in memory. Keys
  // that are not known are left out of an export.
  struct Remote {
    std::string folder;                       // or
    std::optional<oci::Reference> reference;  // of a registry
    image::Credentials credentials;
  };
  virtual Task<void> export_to(Remote remote, std::vector<std::string> keys, image::Registry& registry) = 0;
  virtual Task<void> import_from(Remote remote, image::Registry& registry) = 0;
};

}  // namespace podo::builder
