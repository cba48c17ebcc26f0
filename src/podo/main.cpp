// One program, several names: argv[0] or argv[1] chooses the sub-program, and nothing happens before that.
#include <stdio.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "base/core/text.h"
#include "base/core/version.h"
#include "cli/commands.h"
#include "cli/store.h"
#include "container/oci_cli/oci_cli.h"
#include "podo/agent.h"
#include "podo/daemon.h"
#include "podo/registry_serve.h"

namespace {

constexpr std::string_view help =
    "podo: containers in one program: engine, builder, registry, cluster\n"
    "\n"
    "Programs\n"
    "    serve               The engine, and a cluster of this machine\n"
    "    agent               A node of a cluster elsewhere\n"
    "    registry serve      A registry alone\n"
    "    store               Look after a store's folder: check, dump, back up, restore, repair\n"
    "    oci                 The OCI runtime; podo-oci is the same alone, and lighter\n"
    "    completion SHELL    Print a script for bash, zsh or fish\n"
    "    man                 Print the manual page\n"
    "    help [COMMAND]      Print this, or what a command takes, as COMMAND --help does\n"
    "    --version           Print which Podo this is\n"
    "\n"
    "The commands below ask the daemon, with docker's names, flags and output; -H ADDRESS asks another one.\n"
    "\n";

std::string_view name_of_program(const char* path) {
  const std::string_view whole = path != nullptr ? path : "";
  return whole.substr(whole.rfind('/') + 1);
}

void print(FILE* stream, std::string_view text) { ::fwrite(text.data(), 1, text.size(), stream); }

int become(int count, char** words) {
  const std::span argv(words, static_cast<std::size_t>(count));
  if (count > 0 && name_of_program(argv[0]) == "podo-oci") return podo::oci_cli::run(argv, 1);
  const std::string_view wanted = count > 1 ? argv[1] : "help";
  if (wanted == "oci") return podo::oci_cli::run(argv, 2);
  if (wanted == "serve") return podo::serve(count, words, 2);
  if (wanted == "agent") return podo::agent(count, words, 2);
  if (wanted == "registry") return podo::registry_command(count, words, 2);
  if (wanted == "store") return podo::cli::run_store(argv, 2);
  if (wanted == "--version") {
    print(stdout, podo::text("podo {} ({})\n", podo::version(), podo::commit()));
    return 0;
  }
  const bool asked = wanted == "help" || wanted == "--help" || wanted == "-h";
  if (!asked) return podo::cli::run_engine_command(argv);
  print(stdout, help);
  print(stdout, podo::cli::engine_help());
  return 0;
}

}  // namespace

int main(int count, char** words) {
  static char wants_help[] = "--help";
  if (count > 2 && std::string_view(words[1]) == "help") {  // help run: run --help
    std::rotate(words + 1, words + 2, words + count);
    words[count - 1] = wants_help;
  }
  return become(count, words);
}
