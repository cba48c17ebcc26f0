// A container in front of a person: its streams joined with ours, signals passed on, the window's size kept
// up, and its exit code awaited. What run, start -a and attach have in common.
#pragma once

#include "cli/command.h"

namespace podo::cli {

struct Foreground {
  std::string id;
  bool tty = false, input = false, output = true, errors = true;
  bool sig_proxy = true;
  std::string detach_keys = {};  // as typed: "ctrl-a,x"
  bool removed = false;          // it goes away with its end: that is what is waited for
  bool starts = true;            // it must be started once we listen
  bool attaches = true;          // to any of its streams
};

// The exit code of the container, or 0 when the person detached.
Task<int> bring_to_foreground(Daemon& daemon, Foreground how);

// Sends the size of our terminal to `path`, now and whenever it changes, until cancelled.
Task<void> keep_size(Daemon& daemon, std::string path);
// "ctrl-p,ctrl-q" unless told otherwise, as bytes.
Result<std::string> detach_bytes(const std::string& typed);

}  // namespace podo::cli
