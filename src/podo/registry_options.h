// What the registry can be told: the flags of `podo registry serve`, and those of `podo serve` that begin
// with --registry.
#pragma once

#include "container/registry/server.h"
#include "podo/flags.h"

namespace podo {

struct RegistryOptions {
  std::string listen;  // HOST:PORT; "": not served
  std::string tls_certificate, tls_key;
  bool no_auth = false;            // whoever reaches it may pull and push: was asked for in so many words
  registry::ServerOptions server;  // but for the folder
};

// By their names without a prefix: "users", "tls-cert", "proxy" ...
std::vector<Flag<RegistryOptions>> registry_flags();
extern const char registry_flags_help[];

// The same table for options that hold these as a member, each name behind "registry-".
template <class Options>
void add_registry_flags(std::vector<Flag<Options>>& flags, RegistryOptions Options::* member) {
  for (Flag<RegistryOptions>& flag : registry_flags())
    flags.push_back({"registry-" + flag.name, "", flag.takes_value,
                     [set = std::move(flag.set), member](Options& options, std::string_view value) {
                       return set(options.*member, value);
                     }});
}

// Also makes the address complete: "5000" is 127.0.0.1:5000. `prefix`: of the flags, for what is said.
Result<> check(RegistryOptions& options, std::string_view prefix);

}  // namespace podo
