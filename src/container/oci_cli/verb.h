// A verb of the command line: what it accepts, what it says of itself, what it does. One file each; verbs.h
// lists them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/core/log.h"
#include "container/oci_cli/flags.h"
#include "container/runtime/runtime.h"

namespace podo::oci_cli {

struct Call {
  runtime::Runtime& runtime;
  Log& log;
  const Flags& flags;
  runtime::SystemdManager systemd;  // who is to make control groups
  int passed_descriptors;           // open when this program was started, from 3 on without a gap
  const std::string& argument(std::size_t index) const { return flags.arguments()[index]; }
  const std::string& id() const { return argument(0); }
};

constexpr std::size_t any_number = ~std::size_t{0};

struct Verb {
  std::string_view name;
  std::string_view arguments;    // "<container-id> [signal]"
  std::string_view summary;      // one line of the list of verbs
  std::string_view description;  // lines for its own help; may be empty
  std::span<const Flag> flags;
  std::size_t arguments_min = 1, arguments_max = 1;
  FlagOrder order = FlagOrder::anywhere;
  bool starts_programs = false;  // of images, which could reach for this program's own file
  int failure_code = 1;          // of the process, when it starts no program whose code it could pass on
  Result<int> (*perform)(const Call& call);  // the exit code
};

Result<> print(std::string_view text);  // to standard output

}  // namespace podo::oci_cli
