// What a step depends on, as one text, and its digest: the step's name in the cache. Pure.
//
//   text := "podo build step 1\n" field*
//   field := NAME SP LENGTH ':' BYTES LF          LENGTH in decimal: no value can look like a field
//
// The parent is named by its chain id and by the key of the step before: the layer lies over the right one,
// and what follows a changed step is made again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace podo::builder {

class StepKey {
 public:
  explicit StepKey(std::string_view kind);  // "run", "copy", "workdir", ...
  StepKey& add(std::string_view name, std::string_view value);
  StepKey& add(std::string_view name, const std::vector<std::string>& values);  // their number counts, too
  std::string text() const { return text_; }
  std::string digest() const;  // 64 hex digits

 private:
  std::string text_;
};

}  // namespace podo::builder
