// What happens between a process and the client that watches it, whatever carries the bytes (carrier.h):
// exec and attach differ in where the process's stream comes from, and in how they end.
//
//   input  -> the process; its end closes the process's standard input
//   output -> the client, until the process has ended
//   sizes  -> the terminal
//
// A client that reads slowly holds the process up only as far as the engine lets it
// (container/streams/attach_relay.h); one that hangs up ends the process's standard input, and the
// process goes on. Lives on the loop.
#pragma once

#include <functional>

#include "cluster/node_api/carrier.h"

namespace podo::node_api {

// How a command ended. 0, or success of an attach: `exit_code` 0 and no failure.
struct CommandResult {
  int exit_code = 0;
  std::string failure = {};  // it could not be run, or watched
  std::vector<std::string> command = {};
};
// As the error channel tells it: a Status, or before version 4 text of failures alone.
std::string result_text(const CommandResult& result, bool as_json);

// The size of the client's terminal, once it says one; nothing: it will say none.
Task<std::optional<TerminalSize>> next_size(Carrier& carrier);

using Resize = std::function<Task<void>(TerminalSize size)>;

// Until the process's output has ended. Fails with cancelled or unavailable when the client has gone.
Task<void> relay_command(Carrier& carrier, io::Stream& process, bool tty, Resize resize);

// Tells the result and says goodbye.
Task<void> tell_result(Carrier& carrier, CommandResult result);

}  // namespace podo::node_api
