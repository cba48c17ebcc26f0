// What a template is parsed into. Private to cli/console.
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"

namespace podo::cli {

struct Pipeline;

struct Operand {
  enum class Kind : std::uint8_t { dot, variable, text, number, truth, nil, function, group };
  Kind kind = Kind::dot;
  std::string text;                  // a variable's or function's name, a text, a number's digits, "true"
  std::vector<std::string> path;     // fields behind a dot, a variable or a group
  std::vector<Pipeline> group = {};  // one
};
struct Command {
  std::vector<Operand> operands;
};
struct Pipeline {
  std::vector<Command> commands;
};

struct Block {
  enum class Kind : std::uint8_t { text, print, assign, branch, with, range };
  Kind kind = Kind::text;
  std::string text = {};                // what is printed as it is
  std::string variable = {}, key = {};  // "$x": assigned by :=, or the item and the index of a range
  Pipeline pipeline = {};
  std::vector<Block> body = {}, otherwise = {};
};

Result<std::vector<Block>> parse_template(std::string_view source);

}  // namespace podo::cli
