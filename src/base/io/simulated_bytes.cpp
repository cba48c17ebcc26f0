#include "base/io/simulated_bytes.h"

#include <algorithm>

namespace podo::io {
namespace {

// Puts `piece` at `offset` of `bytes`, after zeros if these are too short.
void overlay(std::string& bytes, std::size_t offset, std::string_view piece) {
  bytes.resize(std::max(bytes.size(), offset + piece.size()));
  bytes.replace(offset, piece.size(), piece);
}

}  // namespace

std::string SimulatedBytes::read(std::size_t offset, std::size_t count) const {
  return offset < bytes_.size() ? bytes_.substr(offset, count) : std::string();
}

std::string SimulatedBytes::newest(std::size_t index) const {
  return read(index * sector_bytes_, sector_bytes_);
}

void SimulatedBytes::write(std::size_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  ++writes_;
  bytes_.resize(std::max(bytes_.size(), offset + bytes.size()));
  while (!bytes.empty()) {
    std::size_t within = offset % sector_bytes_, count = std::min(bytes.size(), sector_bytes_ - within);
    write_sector(offset / sector_bytes_, within, bytes.substr(0, count));
    offset += count;
    bytes.remove_prefix(count);
  }
}

void SimulatedBytes::write_sector(std::size_t index, std::size_t offset, std::string_view piece) {
  std::size_t at = index * sector_bytes_ + offset;
  bool same = std::string_view(bytes_).substr(at, piece.size()) == piece;
  if (same && !written_.contains(index)) return;  // as zeros after the end are: nothing that could be lost
  Sector& sector = written_[index];
  if (sector.without) {
    sector.before.emplace_back(writes_, *sector.without);
    overlay(*sector.without, offset, piece);
  }
  sector.before.emplace_back(writes_, newest(index));
  bytes_.replace(at, piece.size(), piece);
}

void SimulatedBytes::truncate(std::size_t size, Random& fates) {
  if (size == bytes_.size()) return;
  SimulatedBytes lost = *this;
  lost.crash(fates);
  if_truncation_is_lost_ = std::move(lost.bytes_);
  bytes_.resize(size);
  size_synced_ = std::min(size_synced_, size);
  written_.erase(written_.lower_bound((size + sector_bytes_ - 1) / sector_bytes_), written_.end());
  auto last = written_.find(size / sector_bytes_);
  if (last == written_.end()) return;
  auto shorten = [size_max = size % sector_bytes_](std::string& bytes) {
    bytes.resize(std::min(bytes.size(), size_max));
  };
  for (Version& version : last->second.before) shorten(version.bytes);
  if (last->second.without) shorten(*last->second.without);
}

void SimulatedBytes::sync(Mark mark) {
  std::erase_if(written_, [&](auto& written) {
    auto& [index, sector] = written;
    std::erase_if(sector.before, [&](auto& version) { return version.until_write <= mark.writes; });
    return sector.before.empty() && (!sector.without || *sector.without == newest(index));
  });
  size_synced_ = std::max(size_synced_, std::min(mark.size, bytes_.size()));
  if_truncation_is_lost_.reset();
}

void SimulatedBytes::fail_sync() {
  for (auto& [index, sector] : written_)
    if (!sector.before.empty()) sector.without = sector.before.front().bytes;
}

// --- the crash --------------------------------------------------------------------------------------------

void SimulatedBytes::crash(Random& fates) {
  if (if_truncation_is_lost_ && fates.below(2) == 0) bytes_ = *std::move(if_truncation_is_lost_);
  else if (!written_.empty() || size_synced_ != bytes_.size()) settle(fates);
  written_.clear();
  size_synced_ = bytes_.size();
  if_truncation_is_lost_.reset();
}

void SimulatedBytes::settle(Random& fates) {
  Fate fate = static_cast<Fate>(fates.below(6));
  std::size_t size = size_left(fate, fates);
  std::uint64_t first = fate == Fate::prefix ? fates.below(written_.size() + 1) : 0;
  for (const auto& [index, sector] : written_) {
    if (fate == Fate::prefix && first-- == 0) {
      size = std::clamp(index * sector_bytes_, size_synced_, size);
      fate = Fate::nothing;  // from here on
    }
    if (fate == Fate::prefix || fate == Fate::everything) continue;
    replace_sector(index, left_of(index, sector, fate, fates));
  }
  bytes_.resize(size);
}

std::size_t SimulatedBytes::size_left(Fate fate, Random& fates) const {
  if (fate == Fate::nothing) return size_synced_;
  bool whole = fate == Fate::prefix || fate == Fate::everything || fates.below(2) == 0;
  if (whole) return bytes_.size();
  std::size_t first = size_synced_ / sector_bytes_, last = bytes_.size() / sector_bytes_;
  std::size_t sectors = first + static_cast<std::size_t>(fates.below(last - first + 1));
  return std::max(size_synced_, sectors * sector_bytes_);
}

std::string SimulatedBytes::left_of(std::size_t index, const Sector& sector, Fate fate, Random& fates) const {
  std::vector<std::string> held;
  for (const Version& version : sector.before) held.push_back(version.bytes);
  if (sector.without) held.push_back(*sector.without);
  held.push_back(newest(index));
  if (fate == Fate::nothing) return held.front();
  if (fate == Fate::scattered) return fates.below(4) == 0 ? held.front() : held.back();
  std::size_t chosen = static_cast<std::size_t>(fates.below(held.size() + (fate == Fate::garbage ? 1 : 0)));
  return chosen < held.size() ? held[chosen] : spoiled(held, fates);
}

std::string SimulatedBytes::spoiled(const std::vector<std::string>& held, Random& fates) const {
  std::string bytes(sector_bytes_, '\0');
  auto byte_of = [](const std::string& sector, std::size_t i) {
    return i < sector.size() ? sector[i] : '\0';
  };
  for (std::size_t i = 0; i < sector_bytes_; ++i) {
    char certain = byte_of(held.front(), i);
    bool changed = std::any_of(held.begin(), held.end(), [&](auto& it) { return byte_of(it, i) != certain; });
    bytes[i] = changed ? static_cast<char>(fates.next()) : certain;
  }
  return bytes;
}

void SimulatedBytes::replace_sector(std::size_t index, std::string_view bytes) {
  std::size_t from = index * sector_bytes_, count = std::min(sector_bytes_, bytes_.size() - from);
  std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(from), count, '\0');
  overlay(bytes_, from, bytes.substr(0, count));
}

}  // namespace podo::io
