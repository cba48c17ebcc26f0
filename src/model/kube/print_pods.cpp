// Pods, nodes and events.
#include <algorithm>

#include "model/kube/print_cells.h"

namespace podo::kube::cells {
namespace {

// What a walk over a pod's containers finds out.
struct PodState {
  std::string reason;
  std::int64_t ready = 0, total = 0;
  // Of the containers seen; the latest time, as text: they all have one form.
  struct Restarts {
    std::int64_t count = 0;
    std::string_view last;
  } restarts, sidecar_restarts;
};

bool is_restartable_init(const Item& pod, std::string_view name) {
  for (const Item& container : children_at(pod, "spec.initContainers")) {
    if (text_at(container, "name") == name) return text_at(container, "restartPolicy") == "Always";
  }
  return false;
}

void count_restarts(PodState::Restarts& restarts, const Item& status) {
  restarts.count += number_at(status, "restartCount");
  restarts.last = std::max(restarts.last, text_at(status, "lastState.terminated.finishedAt"));
}

std::string told(const Item& terminated) {
  const std::string_view reason = text_at(terminated, "reason");
  if (!reason.empty()) return std::string(reason);
  const std::int64_t signal = number_at(terminated, "signal");
  return signal != 0 ? podo::text("Signal:{}", signal)
                     : podo::text("ExitCode:{}", number_at(terminated, "exitCode"));
}

// Whether an init container is still what the pod waits for.
bool walk_init_containers(PodState& state, const Item& pod) {
  std::int64_t index = 0;
  for (const Item& status : children_at(pod, "status.initContainerStatuses")) {
    count_restarts(state.restarts, status);
    const bool sidecar = is_restartable_init(pod, text_at(status, "name"));
    if (sidecar) count_restarts(state.sidecar_restarts, status);
    const Item* terminated = find_at(status, "state.terminated");
    const bool done = terminated != nullptr && number_at(*terminated, "exitCode") == 0;
    const bool serves = sidecar && is_true_at(status, "started");
    if (serves && is_true_at(status, "ready")) ++state.ready;
    ++index;
    if (done || serves) continue;
    const std::string_view waiting = text_at(status, "state.waiting.reason");
    if (terminated != nullptr) state.reason = "Init:" + told(*terminated);
    else if (!waiting.empty() && waiting != "PodInitializing") state.reason = podo::text("Init:{}", waiting);
    else state.reason = podo::text("Init:{}/{}", index - 1, size_at(pod, "spec.initContainers"));
    return true;
  }
  return false;
}

void walk_containers(PodState& state, const Item& pod) {
  bool running = false;
  std::string failure;
  state.restarts = state.sidecar_restarts;
  std::vector<const Item*> statuses;
  for (const Item& status : children_at(pod, "status.containerStatuses")) statuses.push_back(&status);
  for (std::size_t i = statuses.size(); i-- > 0;) {  // the first container has the last word
    const Item& status = *statuses[i];
    count_restarts(state.restarts, status);
    const std::string_view waiting = text_at(status, "state.waiting.reason");
    const Item* terminated = find_at(status, "state.terminated");
    if (!waiting.empty()) {
      state.reason = waiting;
    } else if (terminated != nullptr) {
      state.reason = told(*terminated);
      if (number_at(*terminated, "exitCode") != 0) failure = state.reason;
    } else if (is_true_at(status, "ready") && find_at(status, "state.running")) {
      running = true;
      ++state.ready;
    }
  }
  if (state.reason != "Completed") return;
  if (running) state.reason = has_condition(pod, "Ready") ? "Running" : "NotReady";
  else if (!failure.empty()) state.reason = failure;
}

PodState state_of(const Item& pod) {
  PodState state;
  const std::string_view phase = text_at(pod, "status.phase"), why = text_at(pod, "status.reason");
  state.reason = why.empty() ? phase : why;
  const Item* scheduled = condition(pod, "PodScheduled");
  if (scheduled && text_at(*scheduled, "reason") == "SchedulingGated") state.reason = "SchedulingGated";
  state.total = static_cast<std::int64_t>(size_at(pod, "spec.containers"));
  for (const Item& container : children_at(pod, "spec.initContainers")) {
    if (text_at(container, "restartPolicy") == "Always") ++state.total;
  }
  if (!walk_init_containers(state, pod) || has_condition(pod, "Initialized")) walk_containers(state, pod);
  if (!find_at(pod, "metadata.deletionTimestamp")) return state;
  if (why == "NodeLost") state.reason = "Unknown";
  else if (phase != "Succeeded" && phase != "Failed") state.reason = "Terminating";
  return state;
}

}  // namespace

PODO_CELL(pod_ready) {
  const PodState state = state_of(row.object);
  put(out, podo::text("{}/{}", state.ready, state.total)), static_cast<void>(path);
}

PODO_CELL(pod_status) { put(out, state_of(row.object).reason), static_cast<void>(path); }

PODO_CELL(pod_restarts) {
  const PodState state = state_of(row.object);
  std::string told = podo::text("{}", state.restarts.count);
  if (state.restarts.count > 0 && !state.restarts.last.empty()) {
    told += podo::text(" ({} ago)", age_of(state.restarts.last, row.now));
  }
  put(out, told), static_cast<void>(path);
}

PODO_CELL(pod_readiness_gates) {
  std::size_t met = 0;
  for (const Item& gate : children_at(row.object, path)) {
    if (has_condition(row.object, text_at(gate, "conditionType"))) ++met;
  }
  const std::size_t gates = size_at(row.object, path);
  put(out, gates == 0 ? std::string("<none>") : podo::text("{}/{}", met, gates));
}

PODO_CELL(node_status) {
  const Item* ready = condition(row.object, "Ready");
  std::string told = !ready ? "Unknown" : text_at(*ready, "status") == "True" ? "Ready" : "NotReady";
  if (is_true_at(row.object, "spec.unschedulable")) told += ",SchedulingDisabled";
  put(out, told), static_cast<void>(path);
}

PODO_CELL(node_roles) {
  constexpr std::string_view prefix = "node-role.kubernetes.io/";
  std::vector<std::string_view> roles;
  for (const Item& label : children_at(row.object, "metadata.labels")) {
    if (label.key().starts_with(prefix) && label.key().size() > prefix.size()) {
      roles.push_back(label.key().substr(prefix.size()));
    } else if (label.key() == "kubernetes.io/role" && !label.string_or("").empty()) {
      roles.push_back(label.string_or(""));
    }
  }
  std::ranges::sort(roles);
  roles.erase(std::ranges::unique(roles).begin(), roles.end());
  std::string all;
  for (const std::string_view role : roles) all.append(all.empty() ? "" : ",").append(role);
  put(out, all.empty() ? "<none>" : all), static_cast<void>(path);
}

PODO_CELL(node_address) {
  for (const Item& address : children_at(row.object, "status.addresses")) {
    if (text_at(address, "type") == path) return put(out, text_at(address, "address"));
  }
  put(out, "<none>");
}

PODO_CELL(node_kernel) {
  std::string told(text_at(row.object, path));
  if (told.empty()) told = "<unknown>";
  const std::string_view architecture = text_at(row.object, "status.nodeInfo.architecture");
  if (!architecture.empty()) told += podo::text(" ({})", architecture);
  put(out, told);
}

namespace {

// The two kinds of Event name things differently.
std::string_view either(const Item& event, std::string_view first, std::string_view second) {
  const std::string_view found = text_at(event, first);
  return found.empty() ? text_at(event, second) : found;
}

std::string first_seen(const Row& row) {
  const std::string_view first = either(row.object, "firstTimestamp", "deprecatedFirstTimestamp");
  return age_of(first.empty() ? text_at(row.object, "eventTime") : first, row.now);
}

}  // namespace

PODO_CELL(event_first_seen) { put(out, first_seen(row)), static_cast<void>(path); }

PODO_CELL(event_last_seen) {
  static_cast<void>(path);
  const std::string_view series = text_at(row.object, "series.lastObservedTime");
  if (!series.empty()) return put(out, age_of(series, row.now));
  const std::string_view last = either(row.object, "lastTimestamp", "deprecatedLastTimestamp");
  put(out, last.empty() ? first_seen(row) : age_of(last, row.now));
}

PODO_CELL(event_object) {
  static_cast<void>(path);
  const Item* object = find_at(row.object, "involvedObject");
  if (object == nullptr) object = find_at(row.object, "regarding");
  if (object == nullptr) return put(out, "");
  const std::string_view name = text_at(*object, "name");
  put(out, lower(text_at(*object, "kind")) + (name.empty() ? "" : podo::text("/{}", name)));
}

PODO_CELL(event_source) {
  static_cast<void>(path);
  const auto first_of = [&](std::string_view a, std::string_view b, std::string_view c) {
    const std::string_view found = either(row.object, a, b);
    return std::string(found.empty() ? text_at(row.object, c) : found);
  };
  std::string told =
      first_of("source.component", "deprecatedSource.component",
               find_at(row.object, "reportingController") ? "reportingController" : "reportingComponent");
  const std::string host = first_of("source.host", "deprecatedSource.host", "reportingInstance");
  if (!host.empty()) told += ", " + host;
  put(out, told);
}

PODO_CELL(event_message) {
  static_cast<void>(path);
  std::string_view message = either(row.object, "message", "note");
  const std::size_t first = message.find_first_not_of(" \t\r\n"), last = message.find_last_not_of(" \t\r\n");
  put(out, first == std::string_view::npos ? "" : message.substr(first, last - first + 1));
}

PODO_CELL(event_count) {
  static_cast<void>(path);
  const std::int64_t series = number_at(row.object, "series.count"), count = number_at(row.object, "count");
  const std::int64_t old = number_at(row.object, "deprecatedCount");
  put(out, series != 0 ? series : std::max<std::int64_t>(1, std::max(count, old)));
}

PODO_CELL(component_health) {
  const Item* healthy = condition(row.object, "Healthy", "conditions");
  if (!path.empty()) return put(out, healthy ? text_at(*healthy, path) : std::string_view());
  put(out, !healthy ? "Unknown" : text_at(*healthy, "status") == "True" ? "Healthy" : "Unhealthy");
}

}  // namespace podo::kube::cells
