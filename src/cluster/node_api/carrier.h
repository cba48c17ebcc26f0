// Carrier: the channels of one remote command, whatever carries them to the client: streams of SPDY
// (command_spdy.cpp) or messages of a WebSocket (command_websocket.cpp).
//
//   standard input    client -> process       closed by the client alone: half a close
//   output, errors    process -> client
//   error             how it ended, once, at the end
//   resize            client -> process: sizes of its terminal
//
// Life: accept_command() answers the upgrade and opens the channels -> streams are read and written -> the
// result on the error channel -> goodbye() -> destroyed. Lives on the loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/http/server.h"
#include "cluster/node_api/terminal_size.h"

namespace podo::node_api {

using io::Task;

// What a client wants of a command: the query of /exec and /attach.
struct CommandWish {
  bool in = false, out = false, err = false, tty = false;
  std::vector<std::string> command;  // of /exec
};
// invalid: `you must specify at least 1 of stdin, stdout, stderr`.
Result<CommandWish> parse_command_wish(const http::Query& query);

struct CommandStreams {  // null: not wished for
  std::unique_ptr<io::Stream> in, out, err, error, resize;
};

class Carrier {
 public:
  virtual ~Carrier() = default;
  CommandStreams streams;
  TerminalSizes sizes;               // what came on the resize channel
  bool result_as_json = true;        // from version 4 of the protocol on; before, only failures, as text
  virtual Task<void> gone() = 0;     // until the client has hung up
  virtual Task<void> goodbye() = 0;  // after the last bytes: until the client has hung up
};

// Null: it could not be agreed on, and that has been answered.
Task<std::unique_ptr<Carrier>> accept_command(http::Exchange& exchange, const CommandWish& wish);
Task<std::unique_ptr<Carrier>> accept_spdy_command(http::Exchange& exchange, const CommandWish& wish);
Task<std::unique_ptr<Carrier>> accept_websocket_command(http::Exchange& exchange, const CommandWish& wish);

bool wants_spdy(const http::Headers& headers);
// The first of `offered` that is among `known`; "" when there is none.
std::string choose_protocol(const std::vector<std::string_view>& offered,
                            std::span<const std::string_view> known);
// 403, with the versions that are known.
Task<void> refuse_protocols(http::Exchange& exchange, const std::vector<std::string_view>& offered,
                            std::span<const std::string_view> known);
Task<void> answer_text(http::Exchange& exchange, int status, std::string text);

}  // namespace podo::node_api
