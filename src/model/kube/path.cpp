#include "model/kube/path.h"

#include <algorithm>

namespace podo::kube {

const json::Item* find_at(const json::Item& object, std::string_view path) {
  const json::Item* at = &object;
  while (!path.empty() && at != nullptr) {
    if (path.starts_with('[')) {
      std::size_t index = 0;
      for (path.remove_prefix(1); !path.starts_with(']'); path.remove_prefix(1)) {
        index = index * 10 + static_cast<std::size_t>(path.front() - '0');
      }
      path.remove_prefix(1);
      at = at->is(json::Kind::array) ? at->at(index) : nullptr;
    } else {
      const std::size_t end = std::min(path.find('.'), path.find('['));
      at = at->find(path.substr(0, end));
      path.remove_prefix(end == std::string_view::npos ? path.size() : end);
    }
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return at == nullptr || at->is(json::Kind::null) ? nullptr : at;
}

const json::Item& part_at(const json::Item& object, std::string_view path) {
  static constexpr json::Item nothing = {};
  const json::Item* found = find_at(object, path);
  return found ? *found : nothing;
}

std::string_view text_at(const json::Item& object, std::string_view path) {
  const json::Item* found = find_at(object, path);
  return found ? found->string_or("") : std::string_view();
}

std::int64_t number_at(const json::Item& object, std::string_view path) {
  const json::Item* found = find_at(object, path);
  return found ? found->as_int64().value_or(0) : 0;
}

bool is_true_at(const json::Item& object, std::string_view path) {
  const json::Item* found = find_at(object, path);
  return found != nullptr && found->is(json::Kind::boolean) && found->boolean();
}

std::size_t size_at(const json::Item& object, std::string_view path) {
  const json::Item* found = find_at(object, path);
  return found ? found->size() : 0;
}

}  // namespace podo::kube
