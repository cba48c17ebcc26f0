// What a template computes with: JSON, and what its functions make of it. Private to cli/console.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/format/json.h"

namespace podo::cli {

struct Datum {
  enum class Kind : std::uint8_t { none, json, text, number, truth, list };
  Kind kind = Kind::none;
  json::Value value = {};  // never a string, a boolean or null
  std::string text = {};
  std::int64_t number = 0;
  bool truth = false;
  std::vector<Datum> list = {};

  static Datum of(json::Value value);
  static Datum of_text(std::string text) { return {.kind = Kind::text, .text = std::move(text)}; }
  static Datum of_number(std::int64_t number) { return {.kind = Kind::number, .number = number}; }
  static Datum of_truth(bool truth) { return {.kind = Kind::truth, .truth = truth}; }

  bool is_true() const;       // not empty, not zero, not false
  std::string print() const;  // as Go prints it: "[a b]", "map[k:v]"
  std::string to_json() const;
  std::size_t size() const;  // of a text, a list, an array or an object
  std::optional<double> as_number() const;
  std::vector<Datum> items() const;
};

// A function's result; no such function: absent in the outer, failed in the inner.
std::optional<Result<Datum>> call_function(std::string_view name, std::vector<Datum> arguments);

}  // namespace podo::cli
