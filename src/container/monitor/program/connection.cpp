#include "container/monitor/program/connection.h"

#include <errno.h>

#include "container/monitor/log_format.h"
#include "container/monitor/program/system.h"

namespace podo::monitor {
namespace {

Header header_of(Type type, size_t size) {
  Header header = {};
  header.type = static_cast<uint8_t>(type);
  put_be32(reinterpret_cast<char*>(header.size), static_cast<uint32_t>(size));
  return header;
}

}  // namespace

void Connection::adopt(int fd) {
  drop();
  fd_ = fd;
}

void Connection::drop() {
  sys::drop(fd_);
  frame_size_ = queued_ = queue_sent_ = credit_ = 0;
  deadline_ms_ = 0;
}

void Connection::forward(unsigned stream, const char* bytes, size_t size) {
  if (!open()) return;
  frame_header_ = header_of(static_cast<Type>(stream), size);
  frame_ = bytes;
  frame_size_ = sizeof(Header) + size;
  frame_sent_ = 0;
  flush();
}

void Connection::tell(Type type, const void* payload, size_t size) {
  if (!open() || queued_ + sizeof(Header) + size > queue_max) return;
  Header header = header_of(type, size);
  __builtin_memcpy(queue_ + queued_, &header, sizeof header);
  __builtin_memcpy(queue_ + queued_ + sizeof header, payload, size);
  queued_ += sizeof header + size;
  flush();
}

void Connection::grant(size_t bytes) {
  if (!open()) return;
  credit_ += bytes;
  flush();
}

void Connection::flush() {
  while (open()) {
    if (frame_size_ > 0) {
      if (!send_frame()) return;
    } else if (queued_ > 0) {
      if (!send_queue()) return;
    } else if (credit_ > 0) {
      char payload[4];
      put_be32(payload, static_cast<uint32_t>(credit_));
      credit_ = 0;
      return tell(Type::credit, payload, sizeof payload);
    } else {
      return;
    }
  }
}

// False: nothing more goes now.
bool Connection::send_frame() {
  iovec parts[2];
  size_t header_left = frame_sent_ < sizeof(Header) ? sizeof(Header) - frame_sent_ : 0;
  size_t body_sent = frame_sent_ + header_left - sizeof(Header);
  parts[0] = {reinterpret_cast<char*>(&frame_header_) + sizeof(Header) - header_left, header_left};
  parts[1] = {const_cast<char*>(frame_) + body_sent, frame_size_ - sizeof(Header) - body_sent};
  msghdr message = {};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  long count = sys::call(SYS_sendmsg, fd_, sys::word(&message), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (!sent(count, frame_sent_)) return false;
  if (frame_sent_ == frame_size_) frame_size_ = 0;
  return true;
}

bool Connection::send_queue() {
  long count = sys::call(SYS_sendto, fd_, sys::word(queue_ + queue_sent_),
                         static_cast<long>(queued_ - queue_sent_), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (!sent(count, queue_sent_)) return false;
  if (queue_sent_ == queued_) queued_ = queue_sent_ = 0;
  return true;
}

bool Connection::sent(long count, size_t& progress) {
  if (count == -EINTR) return true;
  if (count >= 0) {
    progress += static_cast<size_t>(count);
    deadline_ms_ = 0;
    return true;
  }
  if (count != -EAGAIN) {
    drop();
  } else {
    int64_t now = sys::monotonic_ms();
    if (deadline_ms_ == 0) deadline_ms_ = now + stalled_after_ms;
    else if (now >= deadline_ms_) drop();
  }
  return false;
}

}  // namespace podo::monitor
