#include "base/store/entry.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/core/ensure.h"
#include "base/store/entry_memory.h"

namespace podo::store {

Entry::Entry(std::string_view key, std::string_view value, const Stamp& stamp)
    : Entry(std::malloc(sizeof(Block) + key.size() + value.size()), key, value, stamp) {}

Entry::Entry(void* memory, std::string_view key, std::string_view value, const Stamp& stamp) {
  ENSURE(key.size() <= UINT32_MAX && value.size() <= UINT32_MAX);
  ENSURE(memory != nullptr);
  block_ = new (memory) Block;
  block_->stamp = stamp;
  block_->key_size = static_cast<std::uint32_t>(key.size());
  block_->value_size = static_cast<std::uint32_t>(value.size());
  char* bytes = reinterpret_cast<char*>(block_ + 1);
  if (!key.empty()) std::memcpy(bytes, key.data(), key.size());
  if (!value.empty()) std::memcpy(bytes + key.size(), value.data(), value.size());
}

Entry Entry::erased_at(std::string_view key, Revision revision) {
  return Entry(key, "", Stamp{.created = 0, .modified = revision, .version = 0, .lease = 0});
}

void Entry::destroy(Block* block) {
  const std::uint16_t place = block->place;
  block->~Block();
  if (place != 0) EntryMemory::let_go(block, place);
  else std::free(block);
}

}  // namespace podo::store
