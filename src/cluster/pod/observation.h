// What is known of a pod on this machine: what plans and statuses are made from, beside its spec. Values; the
// node fills them from the engine's containers, its probes and its pulls.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"

namespace podo::pod {

// One run of a container in the engine.
struct Run {
  std::string id;  // of the engine
  int attempt = 0;
  std::string image, image_id;  // as asked for; "sha256:..." or repository@digest
  std::uint64_t spec_hash = 0;
  enum class State : std::uint8_t { created, running, exited } state = State::created;
  Wall created = {}, started = {}, finished = {};  // zero: never
  int exit_code = 0, signal = 0;
  bool oom_killed = false;
  std::string reason,
      message;  // of the end: "Completed", "Error", "OOMKilled", "ContainerCannotRun"; termination message
};

// Why a container is not started: what `waiting` shows, and when it is tried again.
struct Waiting {
  std::string reason, message;
  Monotonic again_at = {};
};

struct ContainerFacts {
  std::vector<Run> runs;  // the newest first; at most two are kept
  std::optional<Waiting> waiting;
  // Results of probes of the newest run; absent: none yet.
  std::optional<bool> started, ready, alive;
  bool post_start_done = false, post_start_failed = false;
  bool stopping = false;
  const Run* newest() const { return runs.empty() ? nullptr : &runs.front(); }
  bool running() const { return !runs.empty() && runs.front().state == Run::State::running; }
};

struct Observation {
  bool sandbox = false;                         // it is there, and not lost
  bool volumes = false;                         // mounted
  std::string problem_reason, problem_message;  // of sandbox or volumes: why not
  std::vector<std::string> pod_ips, host_ips;
  std::map<std::string, ContainerFacts, std::less<>> containers;  // init and ephemeral ones too
};

}  // namespace podo::pod
