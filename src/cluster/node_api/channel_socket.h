// ChannelSocket: numbered channels over the messages of one WebSocket, as Kubernetes has them.
//
//   message := channel bytes             binary; channel:u8
//            | letter base64             of the protocols whose name has "base64": text; letter '0' + channel
//            | 255 channel               from v5 on: nothing more comes on that channel
//
// Life: made of a WebSocket -> open() channels -> their streams are read and written, any number side by side
// -> goodbye(). A message for a channel waits until that has been read, and the client with it; what comes
// for a channel nobody reads is dropped. When the client has gone all channels end. Lives on the loop.
#pragma once

#include <array>
#include <memory>

#include "base/http/websocket.h"

namespace podo::node_api {

using io::Task;

class ChannelSocket {
 public:
  struct Manner {
    bool base64 = false, closes_channels = false;
  };
  ChannelSocket(io::Loop& loop, std::unique_ptr<http::WebSocket> socket, Manner manner);
  ~ChannelSocket();

  // Its stream; once for each number. finish() of it says nothing: only the client closes channels.
  std::unique_ptr<io::Stream> open(std::uint8_t channel);
  Task<void> gone();
  Task<void> goodbye();  // flushes, says goodbye and waits for the client's

 private:
  struct State;
  class Channel;
  std::shared_ptr<State> state_;
  io::TaskGroup receiving_;
};

}  // namespace podo::node_api
