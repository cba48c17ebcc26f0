// Demultiplexer: what the engine's attach and exec streams and its logs give, taken apart.
//
//   frame := stream:u8 zero:u8[3] size:be32 bytes[size]         stream: 1 output, 2 errors
//
// Bytes come as they come; frames may be split anywhere. Synchronous.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace podo::node_api {

class Demultiplexer {
 public:
  struct Piece {
    bool err = false;
    bool begins = false, ends = false;  // of the frame
    std::string_view bytes;             // views what was fed
  };
  // Takes bytes off the front of `fed`; nothing: all of them, and there is no piece yet.
  std::optional<Piece> next(std::string_view& fed);

 private:
  std::string head_;
  std::uint32_t left_ = 0;
  bool err_ = false, in_frame_ = false, begins_ = false;
};

}  // namespace podo::node_api
