// What the parts of status() share. Private to this room.
#pragma once

#include "cluster/pod/lifecycle.h"
#include "cluster/pod/status.h"

namespace podo::pod {

struct Telling {
  const json::Item& pod;
  const Observation& seen;
  const json::Item& previous;
  const Moment now;
  const Ending ending;
  const std::vector<Part> parts;
  json::Item& status;
};

void tell_containers(Telling& telling);             // the three lists of containers' statuses
std::string_view phase_of(const Telling& telling);  // from them
void tell_conditions(Telling& telling);             // from phase and containers
bool is_own_condition(std::string_view type);       // those of other types are others' to write

// The status of a container in the lists that were told; null: there is none.
const json::Item* told_of(const Telling& telling, const Part& part);
bool has_main_started(const Telling& telling);

}  // namespace podo::pod
