// Templates for --format: the part of Go's text/template that people write on command lines, over JSON.
//
//   template := ( text | "{{" ["- "] action [" -"] "}}" )*
//   action   := pipeline | "$x :=" pipeline | "/*" comment "*/"
//             | ("if" | "with" | "range" [ "$i, $x :=" ]) pipeline ... [ "else" [ "if" pipeline ] ... ] "end"
//   pipeline := command ( "|" command )*          the result of each is the last argument of the next
//   command  := operand+                          a function and its arguments, or one value
//   operand  := ".Field.Field" | "." | "$x.Field" | "$" | "text" | `text` | number | true | false | nil
//             | ( pipeline ) ".Field"*
//
// Functions: json, index, len, join, split, upper, lower, title, truncate, pad, println, print, printf, eq,
// ne, lt, le, gt, ge, and, or, not, slice; and .Label "key" of a row that has Labels. A field is looked up as
// written, then without regard to case. Parsed once, run for any number of values.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json.h"

namespace podo::cli {

class Template {
 public:
  static Result<Template> parse(std::string_view source);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  Result<std::string> run(json::Value value) const;

 private:
  struct Parsed;
  explicit Template(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace podo::cli
