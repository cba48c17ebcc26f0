// What goes to the daemon: one output frame at a time, whose bytes stay in the caller's buffer until it
// is sent, then short messages. A daemon that takes nothing for stalled_after_ms loses the connection.
#pragma once

#include "container/monitor/protocol.h"

namespace podo::monitor {

class Connection {
 public:
  void adopt(int fd);  // in place of an earlier one
  void drop();
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

  // Only while no frame is under way. `bytes` stay until then.
  void forward(unsigned stream, const char* bytes, size_t size);
  bool forwarding() const { return frame_size_ > 0; }
  void tell(Type type, const void* payload, size_t size);
  void grant(size_t bytes);  // of standard input

  void flush();  // as much as the daemon takes
  bool waiting() const { return open() && (frame_size_ > 0 || queued_ > 0); }
  // When to give up, on the monotonic clock; 0: not waiting.
  int64_t deadline_ms() const { return waiting() ? deadline_ms_ : 0; }

 private:
  static constexpr size_t queue_max = 256;

  bool send_frame();
  bool send_queue();
  bool sent(long count, size_t& progress);

  int fd_ = -1;
  Header frame_header_ = {};
  const char* frame_ = nullptr;
  size_t frame_size_ = 0;  // with the header; 0: none
  size_t frame_sent_ = 0;
  size_t queued_ = 0, queue_sent_ = 0;
  size_t credit_ = 0;  // to be granted
  int64_t deadline_ms_ = 0;
  char queue_[queue_max];
};

}  // namespace podo::monitor
