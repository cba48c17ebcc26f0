#include <algorithm>

#include "cluster/pod/status_parts.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::find_at;

struct Counts {
  int init_pending = 0, init_failed = 0, init_failed_for_good = 0, sidecars_pending = 0;
  int running = 0, waiting = 0, stopped = 0, restarting = 0, succeeded = 0;
};

int exit_code_of(const json::Item& state) {
  return static_cast<int>(kube::number_at(state, "terminated.exitCode"));
}

void count_init(Counts& counts, const Telling& telling, const Part& part, const json::Item& told) {
  const bool waits = find_at(told, "state.waiting") != nullptr;
  const json::Item* end = find_at(told, waits ? "lastState.terminated" : "state.terminated");
  if (end == nullptr || (waits && kube::number_at(*end, "exitCode") == 0)) {
    ++counts.init_pending;
  } else if (const auto code = static_cast<int>(kube::number_at(*end, "exitCode")); code != 0) {
    ++counts.init_failed;
    if (!waits && !restarts_after(telling.pod, part, code)) ++counts.init_failed_for_good;
  }
}

void count_sidecar(Counts& counts, const json::Item& told) {
  if (find_at(told, "state.running") != nullptr) {
    ++counts.running;
    if (!kube::is_true_at(told, "started")) ++counts.sidecars_pending;
  } else if (find_at(told, "state.waiting") != nullptr && find_at(told, "lastState.terminated") == nullptr) {
    ++counts.sidecars_pending;
    ++counts.waiting;
  }
}

void count_main(Counts& counts, const Telling& telling, const Part& part, const json::Item& told) {
  if (find_at(told, "state.running") != nullptr) {
    ++counts.running;
  } else if (find_at(told, "state.terminated") != nullptr) {
    const int code = exit_code_of(kube::part_at(told, "state"));
    ++counts.stopped;
    if (code == 0) ++counts.succeeded;
    if (restarts_after(telling.pod, part, code) || facts_of(part, telling.seen).restart_wanted)
      ++counts.restarting;
  } else if (find_at(told, "lastState.terminated") != nullptr) {
    ++counts.stopped;
    ++counts.restarting;
  } else {
    ++counts.waiting;
  }
}

Counts count(const Telling& telling) {
  Counts counts;
  for (const Part& part : telling.parts) {
    const json::Item* told = told_of(telling, part);
    if (part.role == Role::init) count_init(counts, telling, part, *told);
    if (part.role == Role::sidecar) count_sidecar(counts, *told);
    if (part.role == Role::main) count_main(counts, telling, part, *told);
  }
  return counts;
}

}  // namespace

bool has_main_started(const Telling& telling) {
  return std::ranges::any_of(telling.parts, [&](const Part& part) {
    const json::Item* told = part.role == Role::main ? told_of(telling, part) : nullptr;
    return told != nullptr &&
           (find_at(*told, "state.running") != nullptr || find_at(*told, "state.terminated") != nullptr ||
            find_at(*told, "lastState.terminated") != nullptr);
  });
}

std::string_view phase_of(const Telling& telling) {
  const Counts counts = count(telling);
  const bool over = telling.ending && is_still(telling.seen);
  if (counts.init_failed_for_good > 0) return "Failed";
  const bool initializes = counts.init_pending > 0 || counts.init_failed > 0 ||
                           (counts.sidecars_pending > 0 && !has_main_started(telling));
  if (over && (initializes || counts.waiting > 0)) return "Failed";
  if (initializes || counts.waiting > 0) return "Pending";
  if (counts.running > 0) return "Running";
  if (counts.stopped == 0) return over ? "Failed" : "Pending";
  if (!over && counts.restarting > 0) return "Running";
  return counts.stopped == counts.succeeded ? "Succeeded" : "Failed";
}

}  // namespace podo::pod
