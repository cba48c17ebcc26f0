// Command line flags as engines write them for OCI runtimes, that is as Go's flag package reads them:
//
//   flag := ("-" | "--") name ("=" value)?
//   boolean value := true | false | 1 | 0 | t | f | T | F | TRUE | FALSE | True | False
//
// A flag that wants a value and has no "=" takes the next word. One dash or two make no difference; short
// flags are not combined. "--" ends the flags. Values only, no I/O.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/error.h"

namespace podo::oci_cli {

struct Flag {
  std::string_view name, letter;  // "bundle", "b"; letter may be empty
  std::string_view value;         // what to call its value in the help: "DIR"; empty: a boolean
  std::string_view help;          // empty: accepted for other programs' sake, not shown
};

// Where flags may stand: anywhere; only before the first argument, whose followers may look like flags and
// are not ours; nowhere: every word is an argument.
enum class FlagOrder : std::uint8_t { anywhere, before_arguments, nowhere };

class Flags {
 public:
  static Result<Flags> parse(std::span<const Flag> known, std::span<char* const> words, FlagOrder order);

  // `name` must be one of `known`. The last one given counts, but for all().
  bool given(std::string_view name) const;
  bool on(std::string_view name) const;  // a boolean, given and not false
  std::string text(std::string_view name, std::string_view otherwise = "") const;
  Result<std::int64_t> number(std::string_view name, std::int64_t otherwise) const;
  std::vector<std::string> all(std::string_view name) const;

  const std::vector<std::string>& arguments() const { return arguments_; }
  bool wants_help() const { return wants_help_; }  // --help, -h

 private:
  Result<std::size_t> take(std::span<char* const> words, std::size_t at);
  const Flag* find(std::string_view name) const;

  std::span<const Flag> known_;
  std::vector<std::pair<const Flag*, std::string>> given_;
  std::vector<std::string> arguments_;
  bool wants_help_ = false;
};

}  // namespace podo::oci_cli
