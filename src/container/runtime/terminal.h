// A container's terminal: made inside the container's own devpts, its master sent out.
#pragma once

#include <optional>
#include <string>

#include "base/core/error.h"
#include "base/io/fd.h"
#include "model/oci/spec.h"

namespace podo::runtime {

// In the container, after the pivot: opens a pair on the container's /dev/pts by descriptor (never by a name
// the container could have replaced), sets the size, makes the slave stdin, stdout, stderr and the
// controlling terminal of this session, binds it on /dev/console when `bind_console`. Gives the master.
Result<io::Fd> open_terminal(const std::optional<oci::ConsoleSize>& size, bool bind_console);

// Connects to --console-socket before the container is born, and sends the master over it (SCM_RIGHTS; the
// payload is the pty's name).
Result<io::Fd> connect_console_socket(const std::string& path);
Result<> send_terminal(const io::Fd& socket, const io::Fd& master);

// Foreground with a terminal of our own: our stdin/stdout <-> master until the process of `pidfd` ended and
// the
// master is drained. Raw mode is set and undone; `signals` (Foreground's) are forwarded, SIGWINCH as a new
// size.
Result<> relay_terminal(const io::Fd& master, const io::Fd& pidfd, const io::Fd& signals);

}  // namespace podo::runtime
