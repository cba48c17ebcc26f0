// Entry: one version of one key, immutable, shared by everyone who reads it. The bytes of key and value lie
// in one block that is counted, so a copy of an Entry is a pointer and a value is never copied between the
// store, its watchers and the caches above it.
//
// A default Entry is absent: it tests false, and only that may be asked of it. An erased one says that its
// key was removed at modified(); it has a key and no value. Entries may be handed to other threads; their
// views live as long as any Entry of the same version.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace podo::store {

// Counts the changes of a store. A new store is at 1; every transaction that changes something takes the next
// free number, and all it changes has that one. 0 means "the newest", or "absent".
using Revision = std::uint64_t;

using LeaseId = std::uint64_t;  // 0: none

// Where a version stands in time.
struct Stamp {
  Revision created = 0;       // of the change that made the key, since it was last absent
  Revision modified = 0;      // of the change that made this version
  std::uint64_t version = 0;  // 1 when made, one more with every put; 0 for an erased one
  LeaseId lease = 0;
  bool operator==(const Stamp&) const = default;
};

class Entry {
 public:
  Entry() = default;
  Entry(std::string_view key, std::string_view value, const Stamp& stamp);
  static Entry erased_at(std::string_view key, Revision revision);
  Entry(const Entry& other) : block_(other.block_) { hold(); }
  Entry(Entry&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Entry& operator=(Entry other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Entry() { let_go(); }

  explicit operator bool() const { return block_ != nullptr; }
  std::string_view key() const { return {bytes(), block_->key_size}; }
  std::string_view value() const { return {bytes() + block_->key_size, block_->value_size}; }
  const Stamp& stamp() const { return block_->stamp; }
  Revision created() const { return block_->stamp.created; }
  Revision modified() const { return block_->stamp.modified; }
  std::uint64_t version() const { return block_->stamp.version; }
  LeaseId lease() const { return block_->stamp.lease; }
  bool erased() const { return block_->stamp.version == 0; }
  std::size_t size() const { return block_->key_size + std::size_t{block_->value_size}; }  // bytes

  // The block itself, for an index that counts by hand: release() gives the count away, adopt() takes it
  // back.
  struct Block;
  Block* release() { return std::exchange(block_, nullptr); }
  static Entry adopt(Block* block) { return Entry(block); }
  static Entry share(Block* block) {
    Entry entry(block);
    entry.hold();
    return entry;
  }
  Block* block() const { return block_; }

  struct Block {
    Stamp stamp;
    Block* previous = nullptr;  // the index's alone: the version before this one
    std::atomic<std::uint32_t> holders{1};
    std::uint32_t value_size = 0;
    std::uint32_t key_size = 0;
    bool in_memory_only = false;  // the index's alone: written with Durability::memory
    bool sealed = false;          // the value is still as it lies on the disk: nobody gave the keys
    std::uint16_t place = 0;      // in a chunk (entry_memory.h), in units of 8 bytes; 0: it lies alone
    std::uint64_t event = 0;      // history's alone: the number of the change that made it
    std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_size}; }
  };

 private:
  friend class EntryMemory;
  explicit Entry(Block* block) : block_(block) {}
  Entry(void* memory, std::string_view key, std::string_view value, const Stamp& stamp);
  const char* bytes() const { return reinterpret_cast<const char*>(block_ + 1); }
  void hold() const {
    if (block_ != nullptr) block_->holders.fetch_add(1, std::memory_order_relaxed);
  }
  void let_go() {
    if (block_ != nullptr && block_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(block_);
  }
  static void destroy(Block* block);

  Block* block_ = nullptr;
};

// A vector of entries that lets go of a hundred thousand of them without waiting for memory at each.
class Entries : public std::vector<Entry> {
 public:
  using std::vector<Entry>::vector;
  Entries(const Entries&) = default;
  Entries(Entries&&) = default;
  Entries& operator=(const Entries&) = default;
  Entries& operator=(Entries&&) = default;
  ~Entries() {
    constexpr std::size_t steps = 16;
    for (std::size_t i = 0; i < size(); ++i) {
      if (i + steps < size()) __builtin_prefetch(data()[i + steps].block(), 1);
      data()[i] = Entry();
    }
  }
};

}  // namespace podo::store
