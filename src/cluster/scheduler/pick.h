// Where a pod goes: filters, then scores. In large clusters not every node is looked at: enough that fit
// will do, beginning where the last pod's search ended, as upstream does it.
#pragma once

#include "base/core/random.h"
#include "cluster/scheduler/diagnosis.h"

namespace podo::scheduler {

struct Picked {
  std::optional<std::size_t> node;
  Diagnosis diagnosis;  // when there is none
};

class Picker {
 public:
  explicit Picker(Random& random) : random_(random) {}
  // `nominated`: the node that its victims made room on, tried first; "" for none.
  Picked pick(const Fitting& fitting, std::string_view nominated = {});

  // How many nodes that fit are enough.
  static std::size_t enough_of(std::size_t nodes);

 private:
  std::vector<std::uint32_t> candidates(const Fitting& fitting, Diagnosis& diagnosis);
  std::size_t best_of(const Fitting& fitting, const std::vector<std::uint32_t>& nodes);

  Random& random_;
  std::size_t start_ = 0;
};

}  // namespace podo::scheduler
