// Lifecycle: what the parts of a pod are to each other. Which containers come before which, who starts again
// after its end, how long a stop may take, and whether the pod as a whole is to end. Pure.
//
//   init containers and sidecars, in their order  ->  containers  (and ephemeral ones at any time)
//
// A sidecar is an init container with restartPolicy Always: the next one waits until it has started, it goes
// on beside the containers, and ends after them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_tree.h"
#include "cluster/pod/observation.h"

namespace podo::pod {

enum class Role : std::uint8_t { init, sidecar, main, ephemeral };

struct Part {
  const json::Item* container = nullptr;
  Role role = Role::main;
  std::string_view name;
};
// "spec.initContainers{web}": where it stands, as Events say it; "" of none.
std::string field_path_of(const json::Item& pod, std::string_view container);
std::vector<Part> parts_of(const json::Item& pod);  // init ones and sidecars, main ones, ephemeral ones

// Does a container start again after this end? By its rules, its own policy, the pod's.
bool restarts_after(const json::Item& pod, const Part& part, int exit_code);
// The same of what is known: also of one that has never run, or was stopped to be started again.
bool is_to_start(const json::Item& pod, const Part& part, const Observation& seen);

// Its spec is not the one that it was made of any more.
bool is_changed(const Part& part, const Run& run);

// The newest run; null when it is of a sandbox before this one, which counts as none.
const Run* run_of(const Part& part, const Observation& seen);
const ContainerFacts& facts_of(const Part& part, const Observation& seen);  // none: empty ones

bool has_started(const Part& part, const Observation& seen);  // up, past its postStart and its startup probe
// All init containers are done and all sidecars have started, or were once.
bool is_initialized(const std::vector<Part>& parts, const Observation& seen);

enum class Cause : std::uint8_t { pod_ends, changed, liveness, startup, post_start };
Duration grace_of(const json::Item& pod, const json::Item& container, Cause cause);
inline constexpr Duration grace_min = seconds(2);  // what a process gets even when a hook used up the time

// Why the whole pod is to stop; `no`: it is not. What is not told by the API comes with a reason.
struct Ending {
  enum class Why : std::uint8_t { no, deleted, rejected, too_long, terminal, completed } why = Why::no;
  std::string reason = {}, message = {};
  explicit operator bool() const { return why != Why::no; }
};
// `status`: the pod's last one.
Ending ending_of(const json::Item& pod, const json::Item& status, const Observation& seen, Wall now);
std::optional<Wall> deadline_of(const json::Item& pod, const json::Item& status);  // activeDeadlineSeconds
bool is_terminal(std::string_view phase);
bool is_still(const Observation& seen);  // no container runs, starts or stops

// In Go's words: "10s", "1m20s", "5m0s".
std::string duration_text(Duration duration);
// "name_namespace(uid)"
std::string pod_text(const json::Item& pod);

}  // namespace podo::pod
