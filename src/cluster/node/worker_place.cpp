// The place of a pod: its volumes and its sandbox, made before its first container and taken away after its
// last one.
#include <algorithm>

#include "base/io/combine.h"
#include "cluster/node/worker.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

constexpr Duration retry_first = milliseconds(500), retry_max = seconds(10), refresh_retry = seconds(60);
constexpr Duration drain_max = seconds(3);  // Services give up after two themselves

Duration retry_after(int failures) {
  Duration wait = retry_first;
  for (int i = 1; i < failures && wait < retry_max; ++i) wait = wait * 2;
  return std::min(wait, retry_max);
}

}  // namespace

void PodWorker::place_failed(std::string_view reason, const Error& error) {
  if (error.kind() == ErrorKind::cancelled) return;
  seen_.problem = pod::Problem{std::string(reason), error.message()};
  seen_.again_at = ground_.clock.now() + retry_after(++failures_);
  say({.reason = std::string(reason), .message = error.message(), .warning = true});
}

Task<void> PodWorker::make_place(PodPtr pod, bool mount, bool sandbox) {
  if (mount) {
    const Result<void> mounted = co_await ground_.volumes.mount(pod->root()).result();
    if (!mounted) place_failed("FailedMount", mounted.error());
    else seen_.volumes = refresh_due_ = true;
  }
  if (sandbox && seen_.volumes && !seen_.gone) {
    const auto made =
        co_await ground_.containers
            .make_sandbox(pod->root(), ground_.host_ips, [this](const client::Said& said) { say(said); })
            .result();
    if (!made && made.error().kind() != ErrorKind::already_exists)
      place_failed("FailedCreatePodSandBox", Error(made.error()).within("Failed to create pod sandbox"));
    else if (const auto joined = co_await join_network(pod).result(); !joined)
      place_failed("FailedCreatePodSandBox", Error(joined.error()).within("Failed to set up its network"));
    else seen_.problem.reset();
  } else if (seen_.volumes) {
    seen_.problem.reset();
  }
  if (!seen_.problem) failures_ = 0;
  seen_.busy = false;
}

Task<void> PodWorker::clear_place(bool sandbox, bool unmount) {
  if (sandbox) {
    const Result<void> removed = co_await ground_.engine.remove_sandbox(uid_).result();
    if (!removed) place_failed("FailedKillPod", Error(removed.error()).within("error killing pod"));
    if (removed && must_join()) {
      ground_.traffic->ended(uid_);
      seen_.joined = false;
    }
  }
  if (unmount) {
    const Result<void> done = co_await ground_.volumes.unmount(uid_).result();
    if (done) seen_.volumes = seen_.remains = false;
    else place_failed("FailedUnMount", done.error());
  }
  seen_.busy = false;
}

// --- what the network around it does ---

bool PodWorker::has_own_network() const {
  return ground_.traffic != nullptr && !kube::is_true_at(pod(), "spec.hostNetwork");
}

// A static pod starts without the API, which alone knows what is to be said of it: by its mirror, later.
bool PodWorker::must_join() const { return has_own_network() && !static_; }

std::vector<IpAddress> PodWorker::addresses() const {
  std::vector<IpAddress> addresses;
  for (const std::string& words : seen_.pod_ips)
    if (const auto address = IpAddress::parse(words)) addresses.push_back(*address);
  return addresses;
}

Task<void> PodWorker::join_network(PodPtr pod) {
  if (seen_.joined) co_return;
  observe_sandbox();
  co_await ground_.traffic->begins(uid_, std::string(kube::text_at(pod->root(), "metadata.namespace")),
                                   std::string(kube::text_at(pod->root(), "metadata.name")), addresses());
  seen_.joined = true;
}

// Whoever is connected goes on; nobody new comes while its containers are being told to end.
Task<void> PodWorker::drain() {
  const Result<void> drained =
      co_await io::deadline(ground_.traffic->drains(uid_, addresses()), drain_max).result();
  if (!drained && drained.error().kind() != ErrorKind::cancelled)
    ground_.log.warn("pod {}: draining it: {}", pod::pod_text(pod()), drained.error().message());
  draining_ = false;
  drained_.notify_all();
}

Task<void> PodWorker::when_drained(Task<void> then) {
  while (draining_) co_await drained_.wait();
  co_await std::move(then);
}

void PodWorker::keep_volumes_current(pod::Plan& plan) {
  if (!seen_.volumes || plan.ending || refreshing_) return;
  const bool due = refresh_due_ || (refresh_at_ && *refresh_at_ <= ground_.clock.now());
  if (due) {
    refresh_due_ = false;
    refreshing_ = true;
    refresh_at_.reset();
    spawn(keep_volumes(pod_), "refresh the volumes");
  } else if (refresh_at_) {
    plan.look_again(*refresh_at_);
  }
}

Task<void> PodWorker::keep_volumes(PodPtr pod) {
  const auto again = co_await ground_.volumes.refresh(pod->root()).result();
  refreshing_ = false;
  const Monotonic now = ground_.clock.now();
  if (!again) refresh_at_ = now + refresh_retry;
  else if (*again) refresh_at_ = now + **again;
  if (!again && again.error().kind() != ErrorKind::cancelled)
    ground_.log.warn("the volumes of pod {}: {}", pod::pod_text(pod->root()), again.error().message());
}

}  // namespace podo::node
