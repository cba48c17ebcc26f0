// Members of an object's canonical JSON, found in its text without parsing it: names, metadata and labels
// stand near its beginning. Private to this room.
#pragma once

#include <cstddef>
#include <string_view>

namespace podo::objects {

// The members of the object that `json` begins with, one after the other. Text that is no canonical JSON
// ends early.
class MemberScan {
 public:
  explicit MemberScan(std::string_view json);
  bool next();
  std::string_view key() const { return key_; }  // as it is written, escapes included
  std::string_view value() const { return value_; }
  std::size_t begin() const { return begin_; }  // of the member, in `json`
  std::size_t end() const { return at_; }       // behind its value

 private:
  std::string_view json_, key_, value_;
  std::size_t at_ = 0, begin_ = 0;
};

std::string_view find_member(std::string_view json, std::string_view key);  // its value, or ""

}  // namespace podo::objects
