// One connection of the client: sends a request and receives its answer, side by side where the request's
// body is long. Private to base/http.
//
// Life: made of a fresh stream -> exchange() -> read_body() to the end -> exchange() ... while reusable().
// Lives on one loop.
#pragma once

#include "base/http/client.h"
#include "base/http/incoming.h"
#include "base/io/condition.h"
#include "base/io/group.h"

namespace podo::http {

class Wire {
 public:
  Wire(io::Loop& loop, std::unique_ptr<io::Stream> stream, const ClientLimits& limits);

  // Sends the request, and returns with the head of its final answer.
  Task<void> exchange(const Request& request, const Url& url);
  bool answered() const { return answered_; }  // at least one byte of an answer came

  Head& head() { return in_.head(); }
  Task<std::size_t> read_body(std::span<std::byte> into);
  bool reusable() const { return sent_ && in_.message_complete() && in_.head().keep_alive; }
  Task<bool> is_open();                       // the peer has neither closed it nor spoken unasked
  std::unique_ptr<io::Stream> take_stream();  // with the bytes behind the head

  Monotonic idle_since;

 private:
  Task<void> send(std::string head, std::string body, Body* streamed, bool chunked);
  Task<void> send_streamed(Body& body, bool chunked);
  Task<void> receive_head(bool no_body);
  Task<void> lose_patience();
  Task<void> receive(Task<void> receiving);
  Task<void> read_into(std::span<std::byte> into, std::size_t& count);
  void body_failed(Error error);

  io::Loop& loop_;
  std::unique_ptr<io::Stream> stream_;
  ClientLimits limits_;
  Incoming in_;
  std::optional<Error> body_error_;     // the request's own body could not be read
  io::TaskGroup* receiving_ = nullptr;  // who must learn of that
  io::Condition all_sent_ = io::Condition("the request to be sent");
  bool answered_ = false, sent_ = false;
  io::TaskGroup sending_;  // dies first: its strand uses the others
};

}  // namespace podo::http
