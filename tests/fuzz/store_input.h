// What the two fuzz targets of the store's files share: an input read as a recipe, and what must hold of a
// history that was read from anything at all.
#pragma once

#include <string>
#include <string_view>

#include "base/core/ensure.h"
#include "base/io/simulated_disk.h"
#include "base/store/history.h"
#include "base/store/wire.h"

namespace podo::store {

// Numbers and pieces from the front of an input; of what is not there, zeros.
class Recipe {
 public:
  explicit Recipe(std::string_view bytes) : rest_(bytes) {}
  bool at_end() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  // Near another number, mostly: a byte away from it; after 255, eight bytes of any number.
  std::uint64_t near(std::uint64_t number) {
    std::uint8_t by = byte();
    if (by < 128) return number + by;
    if (by < 255) return number - (by - 127u);
    std::uint64_t any = 0;
    for (int i = 0; i < 8; ++i) any = any << 8 | byte();
    return any;
  }
  std::string_view piece() {
    std::size_t size = byte();
    if (size >= 192) size = (size - 192) << 8 | byte();
    std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

inline io::Task<void> put_file(io::Disk& disk, std::string path, std::string bytes) {
  std::unique_ptr<io::File> file = co_await disk.open(path, {.create = io::OpenOptions::Create::if_missing});
  co_await file->append(std::move(bytes));
}

// Its counts are those of its entries, which are in order and not of the future; and it can go on.
inline void judge(History& history) {
  Status status = history.status();
  ENSURE(status.revision == history.shown() && history.tip() == history.shown());
  Result<Page> page = history.range(Range::prefix(""), 0, 0);
  ENSURE(page.has_value() && page->entries.size() == status.entries);
  std::uint64_t bytes = 0;
  std::string_view last;
  for (const Entry& entry : page->entries) {
    ENSURE(entry.key() > last && entry.version() > 0 && entry.modified() <= status.revision);
    last = entry.key();
    bytes += entry.size();
    Result<Entry> found = history.find(entry.key(), 0);
    ENSURE(found.has_value() && *found && found->block() == entry.block());
  }
  ENSURE(bytes == status.bytes);
  if (history.tip() > UINT64_MAX - 10) return;
  for (int round = 0; round < 2; ++round) {
    Result<Staged> staged = history.stage({.then = {erase(Range::prefix("")), read(Range::prefix(""))}}, {});
    ENSURE(staged.has_value());
    history.show(history.tip());
    ENSURE(history.status().entries == 0 && history.status().bytes == 0);
    ENSURE(history.stage({.then = {put("a", "b")}}, {}).has_value());
    history.roll_back();
    ENSURE(history.stage({.then = {put("a", "b")}}, {}).has_value());
    history.show(history.tip());
    ENSURE(history.status().entries == 1 && history.status().bytes == 2);
  }
}

}  // namespace podo::store
