// Bytes on their way to the process's standard input: a ring of as much as the daemon may send ahead.
#pragma once

#include <errno.h>

#include "container/monitor/log_format.h"
#include "container/monitor/program/system.h"
#include "container/monitor/protocol.h"

namespace podo::monitor {

class StandardInput {
 public:
  static constexpr size_t room_max = payload_max;

  // Until then bytes wait; after close() they are thrown away.
  void open(int fd) { fd_ = fd; }
  void close() {
    sys::drop(fd_);
    closed_ = true;
  }
  void close_when_empty() { closing_ = true; }
  bool closed() const { return closed_; }
  int fd() const { return fd_; }

  size_t room() const { return room_max - size_; }
  bool empty() const { return size_ == 0; }
  // Where the next bytes go; may be less than the room.
  Piece space() const {
    size_t end = (begin_ + size_) % room_max;
    size_t contiguous = room_max - end;
    return {ring_ + end, contiguous < room() ? contiguous : room()};
  }
  void added(size_t bytes) { size_ += bytes; }

  // Writes what the process takes; the bytes that are no longer here.
  size_t pump() {
    size_t gone = 0;
    while (size_ > 0 && (fd_ >= 0 || closed_)) {
      size_t contiguous = room_max - begin_;
      size_t size = contiguous < size_ ? contiguous : size_;
      long count = closed_ ? static_cast<long>(size) : sys::write(fd_, ring_ + begin_, size);
      if (count == -EAGAIN) return gone;
      if (count < 0) {
        if (count != -EINTR) close();  // nobody reads any more
        continue;
      }
      begin_ = (begin_ + static_cast<size_t>(count)) % room_max;
      size_ -= static_cast<size_t>(count);
      gone += static_cast<size_t>(count);
    }
    if (closing_ && fd_ >= 0 && size_ == 0) close();
    return gone;
  }

 private:
  int fd_ = -1;
  bool closing_ = false, closed_ = false;
  size_t begin_ = 0, size_ = 0;
  char ring_[room_max];
};

}  // namespace podo::monitor
