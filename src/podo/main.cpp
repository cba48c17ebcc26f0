// One program, several names: argv[0] or argv[1] chooses the sub-program, and nothing happens before that.
#include <stdio.h>

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
    "podo: containers in one program\n"
    "\n"
    "    podo oci ...      the OCI runtime; also as podo-oci, a link to podo (see `podo oci help`)\n"
    "    podo serve ...    the engine (see `podo serve --help`)\n"
    "    podo agent ...    a node of a cluster elsewhere (see `podo agent --help`)\n"
    "    podo registry serve ...    a registry alone (see `podo registry serve --help`)\n"
    "    podo store ...    a store's folder: check, back up, restore, repair (see `podo store help`)\n"
    "    podo completion bash|zsh|fish    a script for your shell; podo man: the manual page\n"
    "    podo --version    which Podo this is\n"
    "    podo help         this\n"
    "\n"
    "The engine's commands, as docker's; `podo COMMAND --help` says more, -H ADDRESS asks another daemon.\n"
    "\n";

std::string_view name_of_program(const char* path) {
  const std::string_view whole = path != nullptr ? path : "";
  return whole.substr(whole.rfind('/') + 1);
}

void print(FILE* stream, std::string_view text) { ::fwrite(text.data(), 1, text.size(), stream); }

}  // namespace

int main(int count, char** words) {
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
