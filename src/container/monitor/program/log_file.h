// The log of one monitor: records are gathered, written in one piece, and the file is rotated when it is
// full: PATH -> PATH.1 -> PATH.2 ..., files_max of them in all; with one, it is emptied.
//
// What cannot be written is dropped and counted, and what a failed write left of it is cut off again, so that
// the file always ends with a whole record. Every later flush tries again.
#pragma once

#include "container/monitor/log_format.h"

namespace podo::monitor {

class LogFile {
 public:
  enum class Driver : uint8_t { none, json_file, local };
  struct Settings {
    Driver driver = Driver::none;
    const char* path = nullptr;
    uint64_t bytes_max = 0;  // 0: no limit
    uint64_t files_max = 1;
    Piece attributes = {};
  };
  static constexpr size_t attributes_max = 32 << 10;

  // An error number, negated; 0: it is open.
  long open(const Settings& settings);
  // The time of what is added from now on.
  void set_time(int64_t wall_ns);
  void add(Piece bytes, unsigned stream);
  void flush();
  void rotate();
  void release_memory();  // after a flush
  uint64_t dropped() const { return dropped_; }

 private:
  static constexpr size_t batch_size = 64 << 10;  // more than one is gathered only for one long record

  long open_file(int flags);
  void end_with_a_whole_record();
  void drop_batch();

  Settings settings_;
  int fd_ = -1;
  uint64_t size_ = 0;  // of the file
  uint64_t dropped_ = 0;
  int64_t now_ns_ = 0;
  char timestamp_[timestamp_size] = {};
  size_t used_ = 0;
  uint64_t records_ = 0;  // in the batch
  alignas(4096) char batch_[batch_size + json_record_max(line_max, attributes_max)];
};

}  // namespace podo::monitor
