// Outbox: bytes on their way out of a connection on which several strands speak. Whole frames are put in, at
// once and in order, so that a strand that is cancelled never leaves half a frame behind; one strand (run())
// sends them. Who produces much waits for room() before each frame, which bounds what waits here.
//
// Borrows its stream; lives on its loop. Private to base/http.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/io/condition.h"
#include "base/io/stream.h"

namespace podo::http {

class Outbox {
 public:
  explicit Outbox(io::Stream& stream) : stream_(stream) {}

  void put(std::string_view bytes);
  std::size_t size() const { return waiting_.size(); }
  io::Task<void> room(std::size_t bytes_max);  // until fewer wait; fails once the peer takes no more
  io::Task<void> flushed();                    // until all is with the stream, or cannot be
  // The sending strand: until it is cancelled. When the stream breaks, room() fails, and put() drops.
  io::Task<void> run();
  bool broken() const { return failure_.has_value(); }

 private:
  io::Stream& stream_;
  std::string waiting_;
  std::optional<Error> failure_;
  bool sending_ = false;
  io::Condition changed_{"bytes to be sent"};
};

}  // namespace podo::http
