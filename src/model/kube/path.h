// Values of objects by their path: text_at(pod, "status.podIPs[0].ip").
#pragma once

#include <string_view>

#include "base/format/json_tree.h"

namespace podo::kube {

// Null when something on the way is absent, or is null. Keys have no dots here.
const json::Item* find_at(const json::Item& object, std::string_view path);
// As find_at(), but an item that is null stands for what is absent.
const json::Item& part_at(const json::Item& object, std::string_view path);
// "" when it is absent or no string.
std::string_view text_at(const json::Item& object, std::string_view path);
std::int64_t number_at(const json::Item& object, std::string_view path);  // 0 when absent
bool is_true_at(const json::Item& object, std::string_view path);         // false when absent
std::size_t size_at(const json::Item& object, std::string_view path);     // of a list or map

// for (const json::Item& item : children(x)): also of null, which has none.
class Children {
 public:
  struct Iterator {
    const json::Item* at;
    const json::Item& operator*() const { return *at; }
    Iterator& operator++() {
      at = at->next();
      return *this;
    }
    bool operator==(const Iterator&) const = default;
  };
  explicit Children(const json::Item* of) : first_(of ? of->first() : nullptr) {}
  Iterator begin() const { return {first_}; }
  Iterator end() const { return {nullptr}; }

 private:
  const json::Item* first_;
};
inline Children children(const json::Item* of) { return Children(of); }
inline Children children_at(const json::Item& object, std::string_view path) {
  return Children(find_at(object, path));
}

}  // namespace podo::kube
