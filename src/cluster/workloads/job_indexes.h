// Sets of completion indexes, as a Job's status and its success policy have them.
//
//   indexes := [ range ( "," range )* ]      range := NUMBER [ "-" NUMBER ]      ascending: "1,3-5,7"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace podo::controllers {

class Indexes {
 public:
  Indexes() = default;
  static Indexes parse(std::string_view text, std::int64_t below);  // what is not below is left out
  bool contains(std::int64_t index) const;
  void insert(std::int64_t index);
  std::int64_t size() const;
  std::int64_t shared_with(const Indexes& other) const;  // how many are in both
  std::string text() const;

 private:
  struct Range {
    std::int64_t first, last;
  };
  std::vector<Range> ranges_;  // ascending, with gaps between them
};

}  // namespace podo::controllers
