// Which pods go first when there are too many: those that are missed least.
//
//   without a node; pending, unknown, running; not ready; of a low deletion cost; where most of the related
//   ones are on the same node; ready for a shorter time; restarted more often; younger
//
// Times are compared by their orders of magnitude (log2), so that pods of about the same age are chosen among
// by their uid, which is as good as chance.
#pragma once

#include "cluster/control/facts.h"

namespace podo::controllers {

// `related`: all active pods of those who share the load (of the ReplicaSets of one Deployment).
void sort_for_deletion(Pods& pods, const Pods& related, Seconds now);

}  // namespace podo::controllers
