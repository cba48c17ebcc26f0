// Command line flags as people know them from docker's (pflag's rules):
//
//   flag := "--" name [ "=" value ]  |  "-" letter* [ letter [ "=" ] value ]     "-it", "-p80:80", "-e=A=b"
//
// A flag that wants a value and has none takes the next word; a toggle takes one only behind "=". "--" ends
// the flags. Values are checked against their kind when they are read, so asking for them cannot fail.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::cli {

enum class FlagKind : std::uint8_t { toggle, value, values, integer, decimal, bytes, duration };

struct Flag {
  std::string_view name;
  char letter = 0;
  FlagKind kind = FlagKind::toggle;
  std::string_view help = {};       // empty: accepted for the sake of scripts, not shown
  std::string_view otherwise = {};  // what it is when not given
};

class Flags {
 public:
  enum class Order : bool { anywhere, before_arguments };  // the latter: flags behind are the container's
  // Fails in the words of docker, with a guess at what was meant.
  static Result<Flags> parse(std::vector<std::span<const Flag>> known, std::span<char* const> words,
                             Order order);

  bool given(std::string_view name) const;
  bool on(std::string_view name) const;
  std::string text(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;  // in their order
  std::int64_t integer(std::string_view name) const;          // 0 when not given, nor a default
  std::int64_t bytes(std::string_view name) const;
  Duration duration(std::string_view name) const;

  const std::vector<std::string>& arguments() const { return arguments_; }
  std::vector<std::string> arguments_from(std::size_t first) const;
  bool wants_help() const { return wants_help_; }

 private:
  struct Given {
    const Flag* flag;
    std::vector<std::string> values;
  };
  const Flag* find(std::string_view name) const;
  const Flag* find(char letter) const;
  Result<std::size_t> take_long(std::span<char* const> words, std::size_t at);
  Result<std::size_t> take_letters(std::span<char* const> words, std::size_t at);
  Result<> put(const Flag& flag, std::string_view value);
  const Given* given_as(std::string_view name) const;

  std::vector<std::span<const Flag>> known_;
  std::vector<Given> given_;
  std::vector<std::string> arguments_;
  bool wants_help_ = false;
};

// The candidate that was probably meant, or "".
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "-m, --memory bytes   Memory limit", a line each, wrapped.
std::string describe_flags(std::vector<std::span<const Flag>> known);

}  // namespace podo::cli
