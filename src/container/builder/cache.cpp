// Steps, facts and claims.
#include "container/builder/cache.h"

#include <algorithm>

#include "base/io/timer.h"
#include "container/builder/local_cache.h"

namespace podo::builder {
namespace {

constexpr Duration used_written_after = seconds(2);

Task<void> caught(Task<void> task, std::string name, Log& log) {
  const Result<void> done = co_await task.result();
  if (!done && done.error().kind() != ErrorKind::cancelled) log.warn("{}: {}", name, done.error().message());
}

}  // namespace

Task<std::unique_ptr<Cache>> Cache::open(const CacheGround& ground, std::string folder,
                                         std::uint64_t bytes_max) {
  auto cache = std::make_unique<LocalCache>(ground, std::move(folder), bytes_max);
  co_await cache->begin();
  co_return std::move(cache);
}

LocalCache::LocalCache(const CacheGround& ground, std::string folder, std::uint64_t bytes_max)
    : ground_(ground), folder_(std::move(folder)), bytes_max_(bytes_max), background_(ground.loop) {}

Task<void> LocalCache::begin() {
  co_await read_records();
  ground_.images.add_roots([this](image::Images::InUse& into) {
    for (const auto& [key, record] : steps_) into.chain_ids.insert(record.step.chain_id);
    for (const auto& [chain_id, leases] : held_) into.chain_ids.insert(chain_id);
  });
  // A power cut may have taken layers, and folders.
  std::vector<store::Operation> lost;
  std::erase_if(steps_, [&](const auto& each) {
    if (is_here(each.second.step)) return false;
    lost.push_back(store::erase(store::Range::key(std::string(keys::step) + each.first)));
    return true;
  });
  co_await record(std::move(lost));
  co_await clear_folders();
  trim_soon();
}

Task<void> LocalCache::read_records() {
  std::vector<std::pair<store::Revision, std::string>> facts;
  store::Pages pages(ground_.store, store::Range::prefix("build/"));
  while (std::optional<store::Page> page = co_await pages.next()) {
    for (const store::Entry& entry : page->entries) {
      if (entry.key().starts_with(keys::fact)) {
        std::string key(entry.key().substr(keys::fact.size()));
        facts_[key] = {std::string(entry.value()), 0};
        facts.emplace_back(entry.modified(), std::move(key));
      } else {
        read_record(entry);
      }
    }
  }
  std::ranges::sort(facts);
  for (auto& [revision, key] : facts) {
    facts_.at(key).age = ++ages_;
    facts_by_age_[ages_] = std::move(key);
  }
}

void LocalCache::read_record(const store::Entry& entry) {
  const std::string_view key = entry.key();
  const auto complain = [&](const Error& error) { ground_.log.warn("{}: {}", key, error.message()); };
  if (key.starts_with(keys::step)) {
    auto step = decode_step(entry.value());
    if (step) steps_.emplace(key.substr(keys::step.size()), *std::move(step));
    else complain(step.error());
  } else if (key.starts_with(keys::mount)) {
    auto mount = decode_mount(entry.value());
    std::uint64_t number = 0;
    for (const char digit : key.substr(keys::mount.size()))
      number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    numbers_ = std::max(numbers_, number);
    if (mount) mounts_[number].record = *std::move(mount);
    else complain(mount.error());
  }
}

// --- steps -------------------------------------------------------------------------------------------------

class LocalCache::LocalLease final : public Lease {
 public:
  explicit LocalLease(LocalCache& cache) : cache_(cache) {}
  ~LocalLease() override {
    for (const std::string& chain_id : held_) {
      const auto held = cache_.held_.find(chain_id);
      if (--held->second == 0) cache_.held_.erase(held);
    }
    if (!held_.empty()) cache_.trim_soon();
  }
  std::optional<CachedStep> find(std::string_view key) override {
    auto found = cache_.find_step(key);
    if (found) hold(found->chain_id);
    return found;
  }
  Task<void> keep(std::string key, CachedStep step) override {
    hold(step.chain_id);
    co_await cache_.keep_step(std::move(key), std::move(step));
  }
  void hold(std::string_view chain_id) override {
    if (!chain_id.empty() && held_.emplace(chain_id).second) ++cache_.held_[std::string(chain_id)];
  }

 private:
  LocalCache& cache_;
  std::set<std::string, std::less<>> held_;
};

std::unique_ptr<Cache::Lease> LocalCache::lease() { return std::make_unique<LocalLease>(*this); }

bool LocalCache::is_here(const CachedStep& step) const {
  return step.chain_id.empty() || ground_.images.has_layer(step.chain_id);
}

std::optional<CachedStep> LocalCache::find_step(std::string_view key) {
  const auto found = steps_.find(key);
  if (found == steps_.end() || !is_here(found->second.step)) return {};
  found->second.used = ground_.clock.wall();
  ++found->second.uses;
  used_.insert(std::string(keys::step) + found->first);
  if (!std::exchange(writing_, true)) spawn(write_used(), "the cache's last uses");
  return found->second.step;
}

Task<void> LocalCache::keep_step(std::string key, CachedStep step) {
  if (!is_here(step)) co_await unavailable("the layer of \"{}\" was removed meanwhile", step.what);
  StepRecord& kept = steps_[key];
  if (step.created.ns == 0) step.created = ground_.clock.wall();
  kept = {.step = std::move(step), .used = ground_.clock.wall(), .uses = kept.uses + 1};
  trim_soon();
  co_await record({store::put(std::string(keys::step) + key, encode(kept))});
}

// That something was used again is written a little later, many at once: nobody waits for it.
Task<void> LocalCache::write_used() {
  co_await io::sleep(used_written_after);
  writing_ = false;
  std::vector<store::Operation> puts;
  for (const std::string& key : std::exchange(used_, {})) {
    const auto step = key.starts_with(keys::step) ? steps_.find(key.substr(keys::step.size())) : steps_.end();
    if (step != steps_.end()) puts.push_back(store::put(key, encode(step->second)));
  }
  co_await record(std::move(puts));
}

Task<void> LocalCache::record(std::vector<store::Operation> operations) {
  constexpr std::size_t at_once = 1000;
  for (std::size_t i = 0; i < operations.size(); i += at_once) {
    store::Transaction transaction{.durability = store::Durability::relaxed};
    for (std::size_t k = i; k < std::min(operations.size(), i + at_once); ++k)
      transaction.then.push_back(std::move(operations[k]));
    co_await ground_.store.commit(std::move(transaction));
  }
}

void LocalCache::spawn(Task<void> task, std::string name) {
  background_.spawn(caught(std::move(task), name, ground_.log), name);
}

// --- facts -------------------------------------------------------------------------------------------------

std::optional<std::string> LocalCache::fact(std::string_view key) const {
  const auto found = facts_.find(key);
  if (found == facts_.end()) return {};
  return found->second.text;
}

Task<void> LocalCache::keep_fact(std::string key, std::string text) {
  std::vector<store::Operation> operations{store::put(std::string(keys::fact) + key, text)};
  const auto [at, is_new] = facts_.try_emplace(key);
  Fact& fact = at->second;
  if (!is_new) {
    if (fact.text == text) co_return;
    facts_by_age_.erase(fact.age);
  }
  fact = {std::move(text), ++ages_};
  facts_by_age_[ages_] = std::move(key);
  while (facts_.size() > facts_max) {
    const auto oldest = facts_by_age_.begin();
    operations.push_back(store::erase(store::Range::key(std::string(keys::fact) + oldest->second)));
    facts_.erase(oldest->second);
    facts_by_age_.erase(oldest);
  }
  co_await record(std::move(operations));
}

// --- claims ------------------------------------------------------------------------------------------------

class LocalCache::LocalClaim final : public Claim {
 public:
  LocalClaim(LocalCache& cache, std::string key) : cache_(cache), key_(std::move(key)) {
    cache_.claimed_.insert(key_);
  }
  ~LocalClaim() override {
    cache_.claimed_.erase(key_);
    cache_.released_.notify_all();
  }

 private:
  LocalCache& cache_;
  std::string key_;
};

Task<std::unique_ptr<Cache::Claim>> LocalCache::claim(std::string key) {
  while (claimed_.contains(key)) co_await released_.wait();
  auto claim = std::make_unique<LocalClaim>(*this, key);
  if (remote_steps_.contains(key) && !steps_.contains(key)) {
    const auto brought = co_await bring(key).result();
    if (!brought && brought.error().kind() == ErrorKind::cancelled) co_await Failure(brought.error());
    if (!brought) ground_.log.warn("a cached step is not to be had: {}", brought.error().message());
  }
  co_return std::move(claim);
}

}  // namespace podo::builder
