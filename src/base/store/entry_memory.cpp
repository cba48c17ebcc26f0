#include "base/store/entry_memory.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/core/ensure.h"

namespace podo::store {
namespace {

constexpr std::size_t unit = 8;

}  // namespace

EntryMemory::EntryMemory(std::size_t chunk_bytes)
    : chunk_bytes_(std::clamp<std::size_t>(chunk_bytes, 4 << 10, chunk_bytes_max)) {
  static_assert(chunk_bytes_max / unit <= UINT16_MAX && sizeof(Chunk) % unit == 0);
}

EntryMemory::~EntryMemory() {
  if (filling_ != nullptr) let_go(filling_);
}

Entry EntryMemory::take(const Entry& entry) {
  const Entry::Block& from = *entry.block();
  const std::size_t bytes = (sizeof(Entry::Block) + entry.size() + unit - 1) / unit * unit;
  if (from.place != 0 || bytes > chunk_bytes_ / 8) return entry;
  if (filling_ == nullptr || filled_ + bytes > chunk_bytes_) begin_chunk();
  filling_->holders.fetch_add(1, std::memory_order_relaxed);
  Entry taken(reinterpret_cast<char*>(filling_) + filled_, entry.key(), entry.value(), from.stamp);
  taken.block()->in_memory_only = from.in_memory_only;
  taken.block()->sealed = from.sealed;
  taken.block()->place = static_cast<std::uint16_t>(filled_ / unit);
  taken.block()->event = from.event;
  filled_ += bytes;
  return taken;
}

void EntryMemory::begin_chunk() {
  if (filling_ != nullptr) let_go(filling_);
  void* memory = std::malloc(chunk_bytes_);
  ENSURE(memory != nullptr);
  filling_ = new (memory) Chunk;
  filled_ = sizeof(Chunk);
}

void EntryMemory::let_go(void* block, std::uint16_t place) {
  let_go(reinterpret_cast<Chunk*>(static_cast<char*>(block) - place * unit));
}

void EntryMemory::let_go(Chunk* chunk) {
  if (chunk->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  chunk->~Chunk();
  std::free(chunk);
}

}  // namespace podo::store
