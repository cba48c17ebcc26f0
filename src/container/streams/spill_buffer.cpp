#include "container/streams/spill_buffer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace podo::engine {

Result<> SpillBuffer::put(std::span<const std::byte> bytes) {
  bool fits = memory_.size() - taken_ + bytes.size() <= memory_max_;
  if (file_begin_ != file_end_ || !fits) return put_in_file(bytes);
  memory_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return {};
}

Result<std::size_t> SpillBuffer::take(std::span<std::byte> into) {
  if (memory_.size() == taken_) return take_from_file(into);
  std::size_t count = std::min(into.size(), memory_.size() - taken_);
  std::memcpy(into.data(), memory_.data() + taken_, count);
  taken_ += count;
  if (taken_ == memory_.size()) {
    if (memory_.capacity() > 4096) memory_ = std::string();
    else memory_.clear();
    taken_ = 0;
  } else if (taken_ >= memory_max_ / 4) {
    memory_.erase(0, taken_);
    taken_ = 0;
  }
  return count;
}

Result<> SpillBuffer::put_in_file(std::span<const std::byte> bytes) {
  if (file_end_ - file_begin_ + bytes.size() > file_max_)
    return exhausted("more than {} bytes wait for somebody who does not take them", file_max_);
  if (!file_) {
    file_ = io::Fd(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file_) return failed_errno(errno, "make a file in {} for output that nobody takes", folder_);
  }
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(file_end_));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return failed_errno(errno, "write output that nobody takes");
    file_end_ += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::size_t> SpillBuffer::take_from_file(std::span<std::byte> into) {
  std::size_t wanted = std::min<std::uint64_t>(into.size(), file_end_ - file_begin_);
  if (wanted == 0) return std::size_t{0};
  ssize_t count = ::pread(file_.get(), into.data(), wanted, static_cast<off_t>(file_begin_));
  if (count <= 0) return failed_errno(count < 0 ? errno : EIO, "read output that waited in a file");
  file_begin_ += static_cast<std::uint64_t>(count);
  if (file_begin_ == file_end_) {
    clear();
  } else if (file_begin_ - hole_end_ >= hole_bytes) {
    auto length = static_cast<off_t>(file_begin_ - hole_end_);
    ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(hole_end_),
                length);
    hole_end_ = file_begin_;
  }
  return static_cast<std::size_t>(count);
}

void SpillBuffer::clear() {
  memory_ = std::string();
  taken_ = 0;
  file_.close();
  file_begin_ = file_end_ = hole_end_ = 0;
}

}  // namespace podo::engine
