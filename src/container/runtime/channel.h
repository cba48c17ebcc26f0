// What the runtime and the process it gives birth to say to each other, over a SOCK_SEQPACKET pair:
//
//   message := step:byte body?  (+ one descriptor)
//   failure body := kind:byte errno:i32le text
//
// Either side that sees the other gone gets Cancelled: a child whose runtime was killed before it was ready
// ends itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/core/error.h"
#include "base/core/log.h"
#include "base/io/fd.h"

namespace podo::runtime {

enum class Step : std::uint8_t {
  proceed = 'p',        // parent: go on; the first time the body is the child's pid as the runtime sees it
  born = 'b',           // an in-between process: the container's process exists; the body is its pid
  runtime_hooks = 'h',  // child: the environment is there, now prestart and createRuntime
  terminal = 't',       // child: the terminal's master comes with this (run in the foreground)
  listener = 'l',       // child: a seccomp listener comes with this; goes on at `proceed`
  ready = 'r',          // child: everything is done up to the wait for start
  log = 'w',            // child: a line for the runtime's log; the body is its level and the line
  failed = 'f',         // child: it ends; the body is a failure
};

struct Message {
  Step step;
  std::string body;
  io::Fd descriptor;
};

class Channel {
 public:
  static Result<std::pair<Channel, Channel>> make();
  explicit Channel(io::Fd socket) : socket_(std::move(socket)) {}

  Result<> send(Step step, std::string_view body = {}, int descriptor = -1) const;
  Result<> send_failure(const Error& error) const;
  // Lines for the log go to set_log()'s and are passed over.
  Result<Message> receive() const;  // Cancelled when the other side is gone
  // The next message, which must be `step`; a failure of the child becomes ours.
  Result<Message> expect(Step step) const;

  void set_log(Log& log) { log_ = &log; }
  int descriptor() const { return socket_.get(); }
  void close() { socket_.close(); }

 private:
  Result<Message> receive_any() const;
  io::Fd socket_;
  Log* log_ = nullptr;
};

// The child's log: it has no descriptor of its own to write to.
class ChannelLog final : public Log {
 public:
  explicit ChannelLog(const Channel& channel) : channel_(&channel) {}
  void speak_to(const Channel& channel) { channel_ = &channel; }
  void write(LogLevel level, std::string_view message) override;

 private:
  const Channel* channel_;
};

Error decode_failure(std::string_view body);

}  // namespace podo::runtime
