// Scheduler: pods without a node get one. Filters and scores are pure functions over a snapshot of nodes and
// the pods on them; one driver takes the pods in order of priority, assumes what it decided, binds, and comes
// back to those that did not fit when something changed that could make them fit.
//
//   co_await run_scheduler(ground, {});  // until it is cancelled; one in a cluster: client::lead() around
//
// Only pods of its schedulerName. Fails when a mirror cannot be begun; then begin anew. When it is
// cancelled, it ends when the bindings that are on their way have been answered. Lives on the loop.
#pragma once

#include "base/core/log.h"
#include "base/core/random.h"
#include "cluster/client/client.h"
#include "cluster/client/events.h"

namespace podo::scheduler {

using io::Task;

struct SchedulerGround {
  io::Loop& loop;
  client::Client& client;
  Random& random;
  Log& log;
};

struct SchedulerOptions {
  std::string name = "default-scheduler";
  Duration back_off_first = seconds(1), back_off_most = seconds(10);
  Duration look_again = seconds(300);   // at pods that fitted nowhere, even when nothing changed
  Duration shown_within = seconds(30);  // what was bound and is not shown by then is asked for
  Duration volumes_within = seconds(600);
  int bindings_most = 64;  // on their way at once
};

Task<void> run_scheduler(SchedulerGround ground, SchedulerOptions options);

}  // namespace podo::scheduler
