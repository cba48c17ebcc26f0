// What the parts of plan() share. Private to this room.
#pragma once

#include "cluster/pod/plan.h"

namespace podo::pod {

struct Planning {
  const json::Item& pod;
  const Observation& seen;
  const Moment now;
  const std::vector<Part> parts;
  Plan& plan;

  const ContainerFacts& facts(const Part& part) const { return facts_of(part, seen); }
};

void stop_all(Planning& planning);      // of a pod that ends
void stop_failing(Planning& planning);  // single containers of a pod that goes on
void start_next(Planning& planning);
void remove_old_runs(Planning& planning);

}  // namespace podo::pod
