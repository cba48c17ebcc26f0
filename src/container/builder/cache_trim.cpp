// What the cache holds, as people see it, and what goes: by their wish, or because it is more than its
// budget.
#include <sys/statvfs.h>

#include "base/crypto/digest.h"
#include "container/builder/cache_prune.h"
#include "container/builder/local_cache.h"

namespace podo::builder {

std::string item_id(std::string_view key) {
  constexpr std::size_t digits = 25;  // as many as BuildKit's
  return std::string(key.substr(0, digits));
}

namespace {

std::string mount_item_id(std::uint64_t number, const MountRecord& record) {
  return item_id(crypto::digest_of(text("{} {}", number, record.id)).substr(7));
}

}  // namespace

std::vector<CacheItem> LocalCache::items() const {
  std::set<std::string, std::less<>> of_images;
  for (const image::ImagePtr& image : ground_.images.list())
    of_images.insert(image->chain_ids.begin(), image->chain_ids.end());
  std::map<std::string_view, const std::string*> makers;  // of chains, the first by its key
  for (const auto& [key, record] : steps_)
    if (!record.step.diff_id.empty()) makers.try_emplace(record.step.chain_id, &key);

  std::vector<CacheItem> items;
  for (const auto& [key, record] : steps_) {
    const CachedStep& step = record.step;
    CacheItem item;
    item.id = item_id(key);
    item.type = "regular";
    item.description = step.what;
    const auto parent = makers.find(step.parent_chain_id);
    if (parent != makers.end() && *parent->second != key) item.parent = item_id(*parent->second);
    item.in_use = held_.contains(step.chain_id);
    item.shared = of_images.contains(step.chain_id);
    // A layer that two steps gave is there once.
    const auto maker = makers.find(step.chain_id);
    if (maker != makers.end() && *maker->second == key) item.bytes = step.bytes;
    item.created = step.created;
    item.last_used = record.used;
    item.uses = record.uses;
    items.push_back(std::move(item));
  }
  for (const auto& [number, folder] : mounts_) {
    const MountRecord& record = folder.record;
    CacheItem item;
    item.id = mount_item_id(number, record);
    item.type = "exec.cachemount";
    item.description = text("cached mount {}", record.id);
    item.in_use = folder.users > 0;
    item.bytes = record.bytes;
    item.created = record.created;
    item.last_used = record.used;
    item.uses = record.uses;
    items.push_back(std::move(item));
  }
  return items;
}

std::uint64_t LocalCache::free_bytes() const {
  struct statvfs status;
  if (::statvfs(folder_.c_str(), &status) != 0) return UINT64_MAX;
  return status.f_bavail * status.f_frsize;
}

Task<engine::Pruned> LocalCache::prune(CachePrune how) {
  std::vector<std::string> ids = co_await plan_prune(items(), how, ground_.clock.wall(), free_bytes());
  engine::Pruned pruned = co_await remove_items(std::move(ids));
  if (steps_.empty()) co_await forget_facts();
  co_return pruned;
}

// They are of use to steps alone.
Task<void> LocalCache::forget_facts() {
  std::vector<store::Operation> erased;
  for (const auto& [key, fact] : facts_)
    erased.push_back(store::erase(store::Range::key(std::string(keys::fact) + key)));
  facts_.clear();
  facts_by_age_.clear();
  co_await record(std::move(erased));
}

// Everything is off the maps before anything is awaited.
Task<engine::Pruned> LocalCache::remove_items(std::vector<std::string> ids) {
  engine::Pruned pruned;
  const std::set<std::string, std::less<>> wanted(ids.begin(), ids.end());
  for (const CacheItem& item : items())
    if (wanted.contains(item.id) && !item.shared) pruned.bytes += item.bytes;
  std::vector<store::Operation> erased;
  std::vector<std::string> chain_ids;
  std::erase_if(steps_, [&](const auto& each) {
    if (!wanted.contains(item_id(each.first))) return false;
    chain_ids.push_back(each.second.step.chain_id);
    erased.push_back(store::erase(store::Range::key(std::string(keys::step) + each.first)));
    return true;
  });
  std::erase_if(mounts_, [&](const auto& each) {
    const auto& [number, folder] = each;
    if (folder.users > 0 || !wanted.contains(mount_item_id(number, folder.record))) return false;
    discard(folder_of(number));
    erased.push_back(store::erase(store::Range::key(text("{}{}", keys::mount, number))));
    return true;
  });
  pruned.removed = std::move(ids);
  co_await record(std::move(erased));
  if (!chain_ids.empty()) co_await ground_.images.drop_layers(std::move(chain_ids));
  co_return pruned;
}

void LocalCache::trim_soon() {
  if (!std::exchange(trimming_, true)) spawn(trim(), "keep the build cache to its budget");
}

Task<void> LocalCache::trim() {
  trimming_ = false;
  std::uint64_t total = 0;  // an upper bound, cheaply
  for (const auto& [key, record] : steps_) total += record.step.bytes;
  for (const auto& [number, folder] : mounts_) total += folder.record.bytes;
  if (total <= bytes_max_) co_return;
  const CachePrune how{.max_used_bytes = bytes_max_};
  std::vector<std::string> ids = co_await plan_prune(items(), how, ground_.clock.wall(), UINT64_MAX);
  if (ids.empty()) co_return;
  const engine::Pruned pruned = co_await remove_items(std::move(ids));
  ground_.log.info("the build cache was over its budget: {} items went, {} bytes", pruned.removed.size(),
                   pruned.bytes);
}

}  // namespace podo::builder
