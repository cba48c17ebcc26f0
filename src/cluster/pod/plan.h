// Plan: what is to be done next for a pod on this machine. A pure function of the pod, its last status, what
// was observed, and the time; whoever performs it (cluster/node) observes and asks again after every step.
//
//   mount volumes -> sandbox -> init containers, one after the other -> containers
//   the pod ends:  containers, then sidecars backwards -> sandbox and volumes -> it is gone
//
// Each stop is preStop, then the container's signal, then SIGKILL, within one grace period that counts from
// the beginning. One container is started at a time: the next one waits for the postStart of those before it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cluster/pod/lifecycle.h"
#include "cluster/pod/observation.h"

namespace podo::pod {

// An Event about the pod, or one of its containers.
struct Told {
  std::string reason, message;
  bool warning = false;
  std::string container = {};
};

struct Start {
  std::string container;
  int attempt = 0;
  BackOff back_off = {};  // from now on
};

struct Stop {
  enum class Step : std::uint8_t { pre_stop, signal, kill };
  Step step = Step::signal;
  std::string container, id;
  Duration left = {};    // of the grace period
  Duration grace = {};   // the whole of it
  bool restart = false;  // it starts again afterwards, whatever its policy says
};

struct Plan {
  bool ending = false;                       // of the whole pod: what is being started is broken off
  bool mount = false, make_sandbox = false;  // the first before the second
  bool remove_sandbox = false;               // one that was lost, or is not needed any more
  bool unmount = false;
  std::vector<Stop> stops;
  std::optional<Start> start;
  std::vector<std::string> remove;  // engine's ids of runs that nobody needs
  bool done = false;                // nothing of it is left but ended containers
  std::vector<Told> told;
  std::optional<Monotonic> again_at;

  void look_again(Monotonic at) {
    if (!again_at || at < *again_at) again_at = at;
  }
  bool does_nothing() const {
    return !mount && !make_sandbox && !remove_sandbox && !unmount && stops.empty() && !start &&
           remove.empty();
  }
};

// `status`: as status() gave it for this observation.
Plan plan(const json::Item& pod, const json::Item& status, const Observation& seen, Moment now);

// It has ended, and waits for its next start.
std::optional<Waiting> crash_loop(const json::Item& pod, const Part& part, const Observation& seen,
                                  Moment now);

}  // namespace podo::pod
