#include "cluster/scheduler/resources.h"

#include <algorithm>

namespace podo::scheduler {
namespace {

auto find_name(auto& others, std::string_view name) {
  return std::ranges::lower_bound(others, name, {},
                                  [](const auto& item) { return std::string_view(item.first); });
}

}  // namespace

std::int64_t Resources::other(std::string_view name) const {
  const auto found = find_name(others, name);
  return found != others.end() && found->first == name ? found->second : 0;
}

void Resources::change(const Resources& by, int times) {
  cpu_m += times * by.cpu_m;
  memory += times * by.memory;
  storage += times * by.storage;
  for (const auto& [name, amount] : by.others) {
    auto place = find_name(others, name);
    if (place == others.end() || place->first != name) place = others.insert(place, {name, 0});
    place->second += times * amount;
  }
}

Resources resources_of(const strategy::Amounts& amounts) {
  Resources made;
  for (const auto& [name, quantity] : amounts) {
    if (name == "cpu") made.cpu_m = quantity.milli();
    else if (name == "memory") made.memory = quantity.rounded_up();
    else if (name == "ephemeral-storage") made.storage = quantity.rounded_up();
    else if (name != "pods") made.others.emplace_back(name, quantity.rounded_up());
  }
  return made;
}

}  // namespace podo::scheduler
