#include "container/monitor/program/log_file.h"

#include <errno.h>
#include <linux/limits.h>
#include <unistd.h>

#include "container/monitor/program/system.h"
#include "container/monitor/program/text.h"

namespace podo::monitor {
namespace {

using Path = Line<PATH_MAX>;

void name_rotated(Path& name, const char* path, uint64_t number) {
  name << path;
  if (number > 0) name << "." << number;
}

bool read_at(int fd, char* into, size_t size, uint64_t offset) {
  return sys::call(SYS_pread64, fd, sys::word(into), static_cast<long>(size), static_cast<long>(offset)) ==
         static_cast<long>(size);
}

bool ends_with_a_record(int fd, uint64_t size) {
  char trailer[4], header[5];
  if (size < local_record_size(0) || !read_at(fd, trailer, 4, size - 4)) return false;
  uint64_t whole = local_record_size(be32(trailer));
  return whole <= size && read_at(fd, header, 5, size - whole) && be32(header) == be32(trailer) &&
         (header[4] == 1 || header[4] == 2);
}

// Where the last whole record of a local log ends.
uint64_t end_of_records(int fd, uint64_t size) {
  uint64_t end = 0;
  char header[4], trailer[4];
  while (size - end >= local_record_size(0) && read_at(fd, header, 4, end)) {
    uint64_t next = end + local_record_size(be32(header));
    if (next > size || !read_at(fd, trailer, 4, next - 4) || be32(trailer) != be32(header)) break;
    end = next;
  }
  return end;
}

}  // namespace

long LogFile::open(const Settings& settings) {
  settings_ = settings;
  if (settings_.driver == Driver::none) return 0;
  if (long error = open_file(0); error < 0) return error;
  end_with_a_whole_record();
  return 0;
}

long LogFile::open_file(int flags) {
  fd_ = sys::open(settings_.path, O_RDWR | O_CREAT | O_APPEND | flags, 0640);
  if (fd_ < 0) return fd_;
  long end = sys::call(SYS_lseek, fd_, 0, SEEK_END);
  size_ = end < 0 ? 0 : static_cast<uint64_t>(end);
  return 0;
}

// A monitor that was killed in the middle of a write left a part of a record.
void LogFile::end_with_a_whole_record() {
  char last = '\n';
  if (settings_.driver == Driver::local) {
    if (size_ == 0 || ends_with_a_record(fd_, size_)) return;
    uint64_t end = end_of_records(fd_, size_);
    if (end < size_ && sys::call(SYS_ftruncate, fd_, static_cast<long>(end)) == 0) size_ = end;
  } else if (size_ > 0 && read_at(fd_, &last, 1, size_ - 1) && last != '\n') {
    if (sys::write(fd_, "\n", 1) == 1) ++size_;
  }
}

void LogFile::set_time(int64_t wall_ns) {
  now_ns_ = wall_ns;
  if (settings_.driver == Driver::json_file) put_timestamp(timestamp_, wall_ns);
}

void LogFile::add(Piece bytes, unsigned stream) {
  if (settings_.driver == Driver::none) return;
  if (settings_.bytes_max > 0 && size_ + used_ >= settings_.bytes_max) rotate();
  if (used_ >= batch_size) flush();
  char* out = batch_ + used_;
  out = settings_.driver == Driver::local
            ? put_local_record(out, bytes, stream, now_ns_)
            : put_json_record(out, bytes, stream, timestamp_, settings_.attributes);
  used_ = static_cast<size_t>(out - batch_);
  ++records_;
}

void LogFile::flush() {
  if (used_ == 0) return;
  if (fd_ < 0 && open_file(0) < 0) return drop_batch();
  size_t written = 0;
  while (written < used_) {
    long count = sys::write(fd_, batch_ + written, used_ - written);
    if (count == -EINTR) continue;
    if (count <= 0) {
      if (written > 0) sys::call(SYS_ftruncate, fd_, static_cast<long>(size_));
      return drop_batch();
    }
    written += static_cast<size_t>(count);
  }
  size_ += used_;
  used_ = records_ = 0;
}

void LogFile::release_memory() {
  if (used_ == 0) sys::forget(batch_, sizeof batch_);
}

void LogFile::drop_batch() {
  dropped_ += records_;
  used_ = records_ = 0;
}

void LogFile::rotate() {
  flush();
  if (settings_.driver == Driver::none) return;
  sys::drop(fd_);
  for (uint64_t number = settings_.files_max - 1; number-- > 0;) {
    Path from, to;
    name_rotated(from, settings_.path, number);
    name_rotated(to, settings_.path, number + 1);
    sys::rename(from.text(), to.text());
  }
  open_file(settings_.files_max > 1 ? 0 : O_TRUNC);
}

}  // namespace podo::monitor
