// EntryMemory: memory for entries that are let go in about the order in which they came here: those of the
// past. Each in a place of its own they would lie between things that stay, and when what was around them is
// gone, a page is kept for each of them.
//
// They lie in chunks instead, one after the other. A chunk goes when the last entry in it is let go, by who
// holds it and on whatever thread; entries may outlive this.
//
//   chunk := holders:u32 pad:u32 entry*      each at a multiple of 8 bytes
#pragma once

#include <atomic>
#include <cstddef>

#include "base/store/entry.h"

namespace podo::store {

class EntryMemory {
 public:
  static constexpr std::size_t chunk_bytes_max = 256 << 10;

  explicit EntryMemory(std::size_t chunk_bytes);
  EntryMemory(const EntryMemory&) = delete;
  ~EntryMemory();

  // The same version, here; itself, when it lies in a chunk already or would be too much of one.
  Entry take(const Entry& entry);

  static void let_go(void* block, std::uint16_t place);  // whose entry is destroyed

 private:
  struct Chunk {
    std::atomic<std::uint32_t> holders{1};  // its entries, and the memory that fills it
    std::uint32_t pad = 0;
  };
  void begin_chunk();
  static void let_go(Chunk* chunk);

  std::size_t chunk_bytes_;
  Chunk* filling_ = nullptr;
  std::size_t filled_ = 0;  // bytes of it
};

}  // namespace podo::store
