// One connection of the server in HTTP/2: a strand that receives, one that sends, one a request. Private to
// base/http.
//
// What a peer sends is read as long as the answers to it do not pile up; bodies beyond the windows it was
// given it must not send. What is sent is framed just before it is written, so that answers wait with their
// writers and not here.
#pragma once

#include "base/http/connection.h"
#include "base/http/h2_exchange.h"
#include "base/io/receive_buffer.h"

namespace podo::http {

class H2Connection final : private H2Session::Observer {
 public:
  H2Connection(io::Loop& loop, Connection::Settings settings, std::unique_ptr<io::Stream> stream, Peer peer);
  Task<void> serve();  // until the connection is closed; fails when it breaks

 private:
  enum class Awaits : std::uint8_t { something, head, request };
  struct Handling;

  void requested(H2Stream& stream) override;
  Task<void> handle(H2Stream& stream);
  Task<void> listen();
  Task<void> receive();
  Task<void> send();
  Task<void> say_goodbye(Duration stay);
  void be_patient();

  io::Loop& loop_;
  Connection::Settings settings_;
  std::unique_ptr<io::Stream> stream_;
  Peer peer_;
  io::ReceiveBuffer buffer_;
  H2Session session_;
  io::Condition has_output_ = io::Condition("answers to send");
  io::Condition sent_ = io::Condition("answers to be sent");
  Watchdog patience_, writing_;
  Awaits awaits_ = Awaits::something;
  bool over_ = false, in_write_ = false;
  io::TaskGroup reading_;  // part of group_, joined in it, which ends when there is nobody to send to
  io::TaskGroup group_;    // what the watchdogs cancel
};

}  // namespace podo::http
