// What a cluster has from its first day: namespaces, default roles, priority classes, the range of Services
// and the Service `kubernetes`. Made when it is not there; roles and bindings are completed, everything else
// is left as somebody may have changed it.
#pragma once

#include "cluster/apiserver/parts.h"

namespace podo::apiserver {

// All of it side by side, so that the store writes it in a few batches.
Task<void> bootstrap(Parts& parts);

// An object of the server's own, as JSON: with uid, time and defaults, unless it is there already.
Task<void> ensure_object(Parts& parts, std::string json);
// The same as it would be stored.
struct OwnObject {
  objects::Key key;
  std::string canonical;
};
Result<OwnObject> own_object(Parts& parts, std::string json);

// flow_defaults.cpp: FlowSchemas and PriorityLevelConfigurations, mandatory and suggested.
std::vector<std::string> default_flow_objects();

}  // namespace podo::apiserver
