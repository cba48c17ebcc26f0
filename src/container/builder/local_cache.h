// The maker of Cache: what it knows is in memory, the store follows it. Its parts: cache.cpp (steps, facts,
// claims), cache_mounts.cpp, cache_trim.cpp (what there is, and its removal), cache_remote.cpp.
//
// Lives on the loop; a step that looks and acts without an await in between cannot be overtaken.
#pragma once

#include <set>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "container/builder/cache_records.h"
#include "container/builder/cache_remote.h"

namespace podo::builder {

class LocalCache final : public Cache {
 public:
  LocalCache(const CacheGround& ground, std::string folder, std::uint64_t bytes_max);
  Task<void> begin();

  std::unique_ptr<Lease> lease() override;
  std::optional<std::string> fact(std::string_view key) const override;
  Task<void> keep_fact(std::string key, std::string text) override;
  Task<std::unique_ptr<Mount>> mount(std::string id, Sharing sharing) override;
  Task<std::unique_ptr<Claim>> claim(std::string key) override;
  std::vector<CacheItem> items() const override;
  Task<engine::Pruned> prune(CachePrune how) override;
  Task<void> export_to(Remote remote, std::vector<std::string> keys, image::Registry& registry) override;
  Task<void> import_from(Remote remote, image::Registry& registry) override;

 private:
  class LocalLease;
  class LocalClaim;
  class LocalMount;
  template <class T>
  using ByName = std::map<std::string, T, std::less<>>;
  struct Fact {
    std::string text;
    std::uint64_t age;
  };
  struct Folder {
    MountRecord record;
    unsigned users = 0;
    bool alone = false;    // who has it wants nobody else
    bool locked = false;   // and others wait
    bool measured = true;  // since it was used last
  };
  static constexpr std::size_t facts_max = 20'000;

  // cache.cpp
  Task<void> read_records();
  void read_record(const store::Entry& entry);
  std::optional<CachedStep> find_step(std::string_view key);
  Task<void> keep_step(std::string key, CachedStep step);
  bool is_here(const CachedStep& step) const;
  Task<void> write_used();
  void spawn(Task<void> task, std::string name);
  Task<void> record(std::vector<store::Operation> operations);
  // cache_mounts.cpp
  std::string folder_of(std::uint64_t number) const;
  Folder* find_folder(std::string_view id, Sharing sharing, std::uint64_t& number, bool& wait);
  Result<std::uint64_t> add_folder(std::string id);
  void give_back(std::uint64_t number);
  Task<void> measure(std::uint64_t number);
  Task<void> clear_folders();
  void discard(const std::string& path);
  Task<void> remove_in_background(std::string path);
  // cache_trim.cpp
  Task<engine::Pruned> remove_items(std::vector<std::string> ids);
  Task<void> forget_facts();
  void trim_soon();
  Task<void> trim();
  std::uint64_t free_bytes() const;
  // cache_remote.cpp
  Task<void> bring(std::string key);
  Task<void> bring_layer(std::string chain_id);
  Task<void> bring_blob(std::string path, oci::Descriptor blob);

  CacheGround ground_;
  std::string folder_;
  std::uint64_t bytes_max_;
  ByName<StepRecord> steps_;
  std::set<std::string, std::less<>> used_;  // steps and mounts whose last use is not written down yet
  ByName<unsigned> held_;                    // chain ids, by how many leases
  ByName<Fact> facts_;
  std::map<std::uint64_t, std::string> facts_by_age_;
  std::uint64_t ages_ = 0;
  std::map<std::uint64_t, Folder> mounts_;  // by number
  std::uint64_t numbers_ = 0, trashed_ = 0;
  std::set<std::string, std::less<>> claimed_;
  ByName<RemoteStep> remote_steps_;
  ByName<RemoteLayer> remote_layers_;  // by chain id
  io::Condition released_{"another build to make the same step"};
  io::Condition given_back_{"another RUN to give a cache mount back"};
  bool writing_ = false, trimming_ = false;
  io::TaskGroup background_;  // the last member: its strands use the others
};

// What people see in place of a key.
std::string item_id(std::string_view key);

}  // namespace podo::builder
