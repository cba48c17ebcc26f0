// What is known of a pod on this machine: what plans and statuses are made from, beside its spec. Values; the
// node fills them from the engine's containers, its probes and its pulls.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"

namespace podo::pod {

// Now, by both clocks: what lasts is told by the wall's, what is waited for by the other one.
struct Moment {
  Wall wall = {};
  Monotonic at = {};
};

// Who a container's first process runs as.
struct LinuxUser {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups = {};  // its own one among them
};

// One run of a container in the engine.
struct Run {
  std::string id;  // of the engine
  int attempt = 0;
  std::string image, image_id;  // as asked for; "sha256:..." or repository@digest
  std::uint64_t spec_hash = 0;  // 0: not known
  // ending: its process has ended, and what it left to say is still being read.
  enum class State : std::uint8_t { created, running, ending, exited } state = State::created;
  Wall created = {}, started = {}, finished = {};  // zero: never
  int exit_code = 0, signal = 0;
  bool oom_killed = false;
  std::optional<LinuxUser> user = {};  // absent: told before, or not known
  std::string reason,
      message;  // of the end: "Completed", "Error", "OOMKilled", "ContainerCannotRun"; termination message
  bool is_up() const { return state == State::running || state == State::ending; }
};

// Why a container is not started: what `waiting` shows, and when it is tried again.
struct Waiting {
  std::string reason, message;
  Monotonic again_at = {};
};

// How long a container waits for its next start, and since when it is that long.
struct BackOff {
  Duration delay = {};
  Wall since = {};
};

// A container is being stopped.
struct Stopping {
  Monotonic since = {};
  Duration grace = {};   // from `since` to SIGKILL
  bool restart = false;  // it starts again whatever its policy says
  enum class Hook : std::uint8_t { due, running, done } pre_stop = Hook::done;
  bool told = false;       // it has its signal; SIGKILL follows
  bool killed = false;     // it has that, too
  Monotonic kill_at = {};  // when it is told
};

struct ContainerFacts {
  std::vector<Run> runs;  // the newest first; at most two are kept
  std::optional<Waiting> waiting;
  // Results of probes of the newest run; absent: none yet.
  std::optional<bool> startup, ready, alive;
  bool starting = false;  // from the pull of its image to the end of its postStart
  bool post_start_failed = false;
  std::optional<Stopping> stopping;
  bool restart_wanted = false;  // it was stopped to start again, whatever its policy says
  BackOff back_off;
  const Run* newest() const { return runs.empty() ? nullptr : &runs.front(); }
  bool is_up() const { return !runs.empty() && runs.front().is_up(); }
};

struct Problem {
  std::string reason, message;
};

struct Observation {
  bool sandbox = false, lost = false;  // there is one; it is of before a reboot
  bool joined = true;                  // the network around it knows of it: containers may start
  Wall sandbox_created = {};
  bool volumes = false;                   // mounted
  bool remains = false;                   // it has a folder of before a restart
  bool busy = false;                      // volumes or sandbox are being made, or taken away
  std::optional<Problem> problem;         // of them: why not
  Monotonic again_at = {};                // then
  std::optional<Problem> rejected;        // this node cannot take it
  std::optional<Problem> evicted;         // it took more of the node than it may
  bool gone = false;                      // the API has it no more
  std::optional<Monotonic> ending_since;  // since when the whole pod is being stopped
  std::vector<std::string> pod_ips, host_ips;
  std::map<std::string, ContainerFacts, std::less<>> containers;  // init and ephemeral ones too
};

}  // namespace podo::pod
