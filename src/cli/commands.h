// `podo COMMAND ...`: the engine's commands. They speak HTTP to the daemon and know nothing else of it.
//
// Exit codes: the command's own (a container's for run, start -a, exec, attach); 1 for a failure, 125 for
// words that are not understood, and as docker's run has them: 125, 126, 127.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace podo::cli {

// `argv` as main() got it.
int run_engine_command(std::span<char*> argv);
// The commands by groups, for `podo help`.
std::string engine_help();

}  // namespace podo::cli
