// The records of a log, as a monitor writes them. Freestanding: the monitor has no C++ library, the
// daemon reads what is written here.
//
// json-file, as Docker writes it; one record a line:
//   record := {"log":TEXT,"stream":"stdout"|"stderr"[,"attrs":OBJECT],"time":TIME} \n
//   TIME   := "2006-01-02T15:04:05.999999999Z"
//   TEXT is what the container wrote, with its newline; what is not UTF-8 in it becomes U+FFFD.
// local, ours; it can be read backwards:
//   record := size:be32 stream:u8 (1 stdout, 2 stderr) time:be64 (ns, 1970) bytes:u8[size] size:be32
//
// A record is one line, or 16 KiB of a longer one (then without a newline), or what came last without
// newline.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace podo::monitor {

inline constexpr size_t line_max = 16 << 10;
inline constexpr size_t timestamp_size = 30;
inline constexpr size_t local_header_size = 4 + 1 + 8;
inline constexpr size_t local_record_size(size_t bytes) { return local_header_size + bytes + 4; }
// An upper bound: every byte escaped.
inline constexpr size_t json_record_max(size_t bytes, size_t attributes) {
  return 6 * bytes + attributes + 128;
}

struct Piece {
  const char* data;
  size_t size;
};

void put_be32(char* out, uint32_t value);
void put_be64(char* out, uint64_t value);
uint32_t be32(const char* in);
uint64_t be64(const char* in);

// "2006-01-02T15:04:05.999999999Z", timestamp_size characters.
void put_timestamp(char* out, int64_t ns);

// Each returns the end of what was written.
char* put_json_record(char* out, Piece bytes, unsigned stream, const char* timestamp, Piece attributes);
char* put_local_record(char* out, Piece bytes, unsigned stream, int64_t ns);
char* put_json_text(char* out, Piece bytes);  // without the quotes

size_t find_newline(const char* data, size_t size);  // `size` when there is none
// At most `size`: less when the bytes end within a character of UTF-8, which then is the next piece's.
size_t whole_characters(const char* data, size_t size);

// Cuts one stream's bytes into records. What is no whole line yet waits here for the rest.
class LineCutter {
 public:
  // Calls emit(Piece) for every record that is complete.
  template <class Emit>
  void feed(Piece bytes, Emit&& emit) {
    while (bytes.size > 0) {
      size_t room = line_max - waiting_;
      size_t line = find_newline(bytes.data, bytes.size < room ? bytes.size : room);
      bool ends = line < room && line < bytes.size;
      size_t taken = ends ? line + 1 : line;
      if (waiting_ == 0 && ends) {
        emit(Piece{bytes.data, taken});
      } else {
        __builtin_memcpy(line_ + waiting_, bytes.data, taken);
        waiting_ += taken;
        if (ends) flush(emit);
        else if (waiting_ == line_max) flush_whole_characters(emit);
      }
      bytes = {bytes.data + taken, bytes.size - taken};
    }
  }
  template <class Emit>
  void flush(Emit&& emit) {
    if (waiting_ > 0) emit(Piece{line_, waiting_});
    waiting_ = 0;
  }

 private:
  template <class Emit>
  void flush_whole_characters(Emit&& emit) {
    size_t size = whole_characters(line_, waiting_);
    emit(Piece{line_, size});
    waiting_ -= size;
    for (size_t i = 0; i < waiting_; ++i) line_[i] = line_[size + i];
  }

  size_t waiting_ = 0;
  char line_[line_max];
};

}  // namespace podo::monitor
