// SpillBuffer: bytes that somebody will take later: in memory first, the rest in a file without a name, which
// goes with the buffer. Its file is written where it stands, on the loop: into the page cache.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::engine {

class SpillBuffer {
 public:
  SpillBuffer(std::string folder, std::size_t memory_max, std::uint64_t file_max)
      : folder_(std::move(folder)), memory_max_(memory_max), file_max_(file_max) {}

  // exhausted: more than memory and file may hold.
  Result<> put(std::span<const std::byte> bytes);
  // As many as there are and fit; 0: it is empty. Corrupt or failed files are errors.
  Result<std::size_t> take(std::span<std::byte> into);
  bool empty() const { return memory_.size() == taken_ && file_begin_ == file_end_; }
  void clear();

 private:
  static constexpr std::uint64_t hole_bytes = 16 << 20;  // given back to the disk at a time

  Result<> put_in_file(std::span<const std::byte> bytes);
  Result<std::size_t> take_from_file(std::span<std::byte> into);

  std::string folder_;
  std::size_t memory_max_;
  std::uint64_t file_max_;
  std::string memory_;  // older than what is in the file
  std::size_t taken_ = 0;
  io::Fd file_;
  std::uint64_t file_begin_ = 0, file_end_ = 0, hole_end_ = 0;
};

}  // namespace podo::engine
