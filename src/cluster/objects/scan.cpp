#include "cluster/objects/scan.h"

#include <algorithm>

namespace podo::objects {
namespace {

// Behind the string that begins at `at`.
std::size_t end_of_string(std::string_view json, std::size_t at) {
  ++at;
  while ((at = json.find_first_of("\"\\", at)) != json.npos) {
    if (json[at] == '"') return at + 1;
    at += 2;
  }
  return json.size();
}

std::size_t end_of_container(std::string_view json, std::size_t at) {
  std::size_t depth = 0;
  while (at < json.size()) {
    switch (json[at]) {
      case '"': at = end_of_string(json, at); continue;
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default: break;
    }
    ++at;
  }
  return json.size();
}

std::size_t end_of_value(std::string_view json, std::size_t at) {
  if (at >= json.size()) return json.size();
  if (json[at] == '"') return end_of_string(json, at);
  if (json[at] == '{' || json[at] == '[') return end_of_container(json, at);
  return std::min(json.find_first_of(",}]", at), json.size());
}

}  // namespace

MemberScan::MemberScan(std::string_view json) : json_(json.starts_with('{') ? json : "") {}

bool MemberScan::next() {
  if (at_ + 1 >= json_.size() || json_[at_] == '}') return false;
  begin_ = at_ + 1;  // behind the brace or the comma
  if (json_[begin_] != '"') return false;
  const std::size_t key_end = end_of_string(json_, begin_);
  if (key_end >= json_.size() || json_[key_end] != ':') return false;
  key_ = json_.substr(begin_ + 1, key_end - begin_ - 2);
  at_ = end_of_value(json_, key_end + 1);
  value_ = json_.substr(key_end + 1, at_ - key_end - 1);
  return true;
}

std::string_view find_member(std::string_view json, std::string_view key) {
  for (MemberScan scan(json); scan.next();)
    if (scan.key() == key) return scan.value();
  return {};
}

}  // namespace podo::objects
