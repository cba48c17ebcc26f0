// The keywords, and the flags that each of them takes; part of the parser.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "model/dockerfile/dockerfile.h"

namespace podo::dockerfile {

std::optional<Kind> kind_of(std::string_view keyword);  // in capitals
std::span<const std::string_view> keywords();

struct FlagRule {
  Kind kind;
  std::string_view name;
  enum class Value : std::uint8_t { text, texts, yes_no } value;  // texts: may stand there several times
};
const FlagRule* find_flag_rule(Kind kind, std::string_view name);
std::vector<std::string_view> flags_of(Kind kind);

}  // namespace podo::dockerfile
