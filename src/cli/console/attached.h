// A connection to a container's standard streams, joined with this program's own.
//
//   frame := stream:1 zeros:3 size:be32 bytes        without a terminal; stream 1 output, 2 errors
//
// With a terminal bytes go through as they are. Lives on one loop.
#pragma once

#include "base/io/epoll_loop.h"
#include "base/io/stream.h"

namespace podo::cli {

// Bytes of frames, or of a raw stream, to standard output and error, until the stream ends.
io::Task<void> copy_output(io::Stream& from, bool framed);

struct Attachment {
  bool tty = false;              // the container has a terminal
  bool input = false;            // ours goes to it
  std::string detach_keys = {};  // bytes; looked for only with a terminal
};
enum class Ended : std::uint8_t { output_ended, detached };

// Until the container's output has ended or the keys were typed. Standard input is raw meanwhile when both it
// and the container have a terminal.
io::Task<Ended> join_streams(io::EpollLoop& loop, io::Stream& stream, Attachment how);

// Splits frames; a synchronous part, for tests.
class FrameReader {
 public:
  struct Piece {
    std::uint8_t stream;
    std::string_view bytes;
  };
  void feed(std::string_view bytes) { rest_ = bytes; }
  bool next(Piece& piece);  // false: more must be fed

 private:
  std::string_view rest_;
  std::string header_;
  std::uint8_t stream_ = 0;
  std::uint32_t left_ = 0;
};

}  // namespace podo::cli
