// Claims: which objects are an owner's: it controls them and its selector fits; it adopts those that fit and
// that nobody controls, and releases those that do not fit any more.
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

struct ClaimPlan {
  std::vector<const Facts*> kept;
  std::vector<Write> writes;  // to adopt and to release
  bool adopts = false;
};
ClaimPlan plan_claims(const Facts& owner, Kind owner_kind, Kind kind, const std::vector<const Facts*>& owned,
                      const std::vector<const Facts*>& orphans);

// An entry of ownerReferences that says who controls.
void write_owner(json::Item& reference, Kind kind, const Facts& owner);

}  // namespace podo::controllers
