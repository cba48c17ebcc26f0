// Resources: what pods request and nodes have, as the numbers that are compared: thousandths of a cpu, bytes,
// and whole units of everything else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/strategy/pod_resources.h"

namespace podo::scheduler {

struct Resources {
  std::int64_t cpu_m = 0, memory = 0, storage = 0;           // storage: ephemeral
  std::vector<std::pair<std::string, std::int64_t>> others;  // hugepages and extended ones, by name

  void add(const Resources& more) { change(more, 1); }
  void subtract(const Resources& less) { change(less, -1); }
  std::int64_t other(std::string_view name) const;  // 0: none
  bool is_nothing() const { return cpu_m == 0 && memory == 0 && storage == 0 && others.empty(); }
  bool operator==(const Resources&) const = default;

 private:
  void change(const Resources& by, int times);
};
Resources resources_of(const strategy::Amounts& amounts);

}  // namespace podo::scheduler
