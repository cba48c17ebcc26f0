// Filters: what a client wants to see of a list, from the query parameter `filters`. Every key may have
// several values; how they are combined is the list's business. Private to container/docker.
//
//   filters := { key: [ value, ... ] } | { key: { value: true, ... } }        the second since API 1.22
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/format/json.h"

namespace podo::docker {

class Filters {
 public:
  using Labels = std::map<std::string, std::string>;

  static Result<Filters> parse(std::string_view text);  // "" is none; Invalid `invalid filter`
  // Invalid `invalid filter 'x'` for the first key that is not among them.
  Result<> allow(std::initializer_list<std::string_view> keys) const;

  bool has(std::string_view key) const { return !values(key).empty(); }
  std::span<const std::string> values(std::string_view key) const;
  // One yes or no: true, 1, t; anything but one of them: Invalid `invalid filter 'key=[x]'`.
  Result<bool> truth(std::string_view key, bool otherwise) const;

  // A list without the key takes everything.
  bool exact(std::string_view key, std::string_view value) const;   // one of the values
  bool prefix(std::string_view key, std::string_view value) const;  // one of the values is its beginning
  bool pattern(std::string_view key,
               std::string_view value) const;  // one of the values matches, as a pattern
  bool labels(const Labels& of) const;         // all of "label": "k" or "k=v", and none of "label!"

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// A regular expression found in `text`: literals, ., [a-z], \d \w \s, * + ?, ^ $, | between
// alternatives, also in groups. One with a group that is repeated, or {n}, matches as a literal.
bool matches_pattern(std::string_view pattern, std::string_view text);
// A shell's pattern on a whole path: * and ? do not match '/'.
bool matches_glob(std::string_view glob, std::string_view path);

}  // namespace podo::docker
