// The terminal a person sits at, and standard input as a stream.
#pragma once

#include <termios.h>

#include <cstdint>

#include "base/io/epoll_loop.h"
#include "base/io/stream.h"

namespace podo::cli {

// Passes every key on as it is, and shows nothing by itself, for as long as this lives.
class RawMode {
 public:
  RawMode();  // of standard input; nothing happens when that is no terminal
  RawMode(const RawMode&) = delete;
  ~RawMode();

 private:
  termios before_ = {};
  bool raw_ = false;
};

struct TerminalSize {
  std::uint16_t rows = 0, columns = 0;  // 0: not known
};
TerminalSize terminal_size(int fd);

// Standard input, which others may share and expect to block: it is asked before it is read. Read only.
class StandardInput final : public io::Stream {
 public:
  explicit StandardInput(io::EpollLoop& loop) : ready_(loop, 0) {}
  io::Task<std::size_t> read(std::span<std::byte> into) override;
  io::Task<void> write(std::span<const std::byte> bytes) override;
  Result<void> finish() override { return {}; }

 private:
  io::Readiness ready_;
};

// "ctrl-p,ctrl-q" as bytes: "\x10\x11".
Result<std::string> parse_detach_keys(std::string_view text);

// Looks for the keys that detach in what is typed.
class DetachKeys {
 public:
  explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}
  // What of `typed` goes on to the container. found() tells whether the keys were in it.
  std::string pass(std::string_view typed);
  bool found() const { return found_; }

 private:
  std::string keys_;
  std::size_t matched_ = 0;
  bool found_ = false;
};

}  // namespace podo::cli
