// Logs. Files that are anything at all are read to their end, and the last lines are an end of all lines;
// what a monitor writes of any output reads back.
//
//   input := how:byte tail:byte split:byte bytes
//   how   := bit 0: local, else json-file; bit 1: what a monitor writes of `bytes`; bits 2-4: timestamps,
//            details, framed
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/format/utf8.h"
#include "container/monitor/log_format.h"
#include "container/streams/log_cursor.h"

namespace podo::engine {
namespace {

bool is_utf8(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    std::size_t length = utf8::sequence_length(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

// PATH and PATH.1 in a folder of their own.
class Files {
 public:
  Files(std::string_view older, std::string_view newer) : path_(std::string(::mkdtemp(folder_)) + "/log") {
    write(path_ + ".1", older);
    write(path_, newer);
  }
  ~Files() {
    ::unlink(path_.c_str());
    ::unlink((path_ + ".1").c_str());
    ::rmdir(folder_);
  }
  const std::string& path() const { return path_; }

 private:
  static void write(const std::string& path, std::string_view bytes) {
    io::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    ENSURE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  char folder_[23] = "/tmp/podo-fuzz-XXXXXX";
  std::string path_;
};

std::string read_all(const LogPlace& place, const LogOptions& options) {
  LogCursor cursor(place, options);
  std::string all;
  for (;;) {
    Result<std::string> piece = cursor.read_piece();
    ENSURE(piece.has_value());
    if (piece->empty()) return all;
    all += *piece;
  }
}

std::string written_by_a_monitor(std::string_view output, LogFormat format) {
  std::string log;
  char timestamp[monitor::timestamp_size];
  monitor::put_timestamp(timestamp, 1'700'000'000'123'456'789);
  auto emit = [&](monitor::Piece piece) {
    std::string record(monitor::json_record_max(piece.size, 0), '\0');
    char* end = format == LogFormat::local
                    ? monitor::put_local_record(record.data(), piece, 1, 1'700'000'000'123'456'789)
                    : monitor::put_json_record(record.data(), piece, 1, timestamp, {});
    ENSURE(end <= record.data() + record.size());
    log.append(record.data(), end);
  };
  auto cutter = std::make_unique<monitor::LineCutter>();
  cutter->feed({output.data(), output.size()}, emit);
  cutter->flush(emit);
  return log;
}

void check_what_a_monitor_writes(std::string_view output, LogFormat format) {
  Files files({}, written_by_a_monitor(output, format));
  std::string read = read_all({.path = files.path(), .format = format, .tty = true}, {});
  if (format == LogFormat::local || is_utf8(output)) ENSURE(read == output);
  else ENSURE(is_utf8(read));
}

void check_any_files(std::string_view input, std::uint8_t how, std::uint8_t tail, std::size_t split) {
  LogFormat format = (how & 1) != 0 ? LogFormat::local : LogFormat::json_file;
  split = std::min(split * 16, input.size());
  Files files(input.substr(0, split), input.substr(split));
  LogPlace place{.path = files.path(), .format = format, .tty = (how & 16) == 0};
  LogOptions options{.timestamps = (how & 4) != 0, .details = (how & 8) != 0};
  std::string all = read_all(place, options);
  options.tail = tail;
  std::string last = read_all(place, options);
  // A local log that is broken gives what stands behind the break only to who comes from behind.
  if (format == LogFormat::json_file) ENSURE(all.ends_with(last));
}

}  // namespace
}  // namespace podo::engine

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
  if ((data[0] & 2) == 0) {
    podo::engine::check_any_files(bytes, data[0], data[1], data[2]);
  } else {
    using podo::engine::LogFormat;
    podo::engine::check_what_a_monitor_writes(bytes,
                                              (data[0] & 1) != 0 ? LogFormat::local : LogFormat::json_file);
  }
  return 0;
}
