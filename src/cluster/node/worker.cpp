#include "cluster/node/worker.h"

#include <algorithm>

#include "base/io/combine.h"
#include "cluster/node/static_pods.h"
#include "cluster/pod/status.h"
#include "model/kube/path.h"

namespace podo::node {

using kube::find_at;
using kube::text_at;

PodWorker::PodWorker(const WorkerGround& ground, PodPtr pod, bool found)
    : ground_(ground),
      uid_(text_at(pod->root(), "metadata.uid")),
      pod_(std::move(pod)),
      static_(is_static(pod_->root())),
      shown_(static_ ? nullptr : pod_),
      status_(json::Tree::copy_of(kube::part_at(pod_->root(), "status"))),
      found_(found),
      group_(ground.loop) {
  seen_.host_ips = ground.host_ips;
  seen_.remains = found;
  seen_.joined = !must_join();
  if (found) restore(status_.root());
}

Task<void> PodWorker::run() {
  while (!over_) {
    while (!dirty_) co_await changed_.wait();
    dirty_ = false;
    look_now();
  }
}

void PodWorker::look() {
  dirty_ = true;
  changed_.notify_one();
}

// Labels and annotations may be in its volumes.
void PodWorker::change(PodPtr pod) {
  for (const std::string_view field : {"metadata.labels", "metadata.annotations"})
    if (!json::same(kube::part_at(pod->root(), field), kube::part_at(pod_->root(), field)))
      refresh_due_ = true;
  pod_ = std::move(pod);
  if (!static_) shown_ = pod_;
  pod_changed_ = true;
  look();
}

void PodWorker::show_in(PodPtr mirror) {
  shown_ = std::move(mirror);
  pod_changed_ = true;
  look();
}

void PodWorker::reject(pod::Problem why) {
  say({.reason = why.reason, .message = why.message, .warning = true});
  seen_.rejected = std::move(why);
  look();
}

void PodWorker::evict(pod::Problem why) {
  if (seen_.evicted || is_over()) return;
  say({.reason = why.reason, .message = why.message, .warning = true});
  seen_.evicted = std::move(why);
  seen_.again_at = {};
  look();
}

void PodWorker::lose() {
  seen_.gone = true;
  seen_.again_at = {};
  look();
}

void PodWorker::refresh() {
  refresh_due_ = true;
  seen_.again_at = {};
  look();
}

bool PodWorker::is_over() const { return pod::is_terminal(text_at(status_.root(), "phase")); }

// Nothing here waits: what was observed stays true until all of it has been begun.
void PodWorker::look_now() {
  std::erase_if(ended_, [](const auto& group) { return group->size() == 0; });
  observe();
  const pod::Moment now{ground_.clock.wall(), ground_.clock.now()};
  json::Tree status = pod::status(pod(), seen_, status_.root(), now);
  pod::Plan plan = pod::plan(pod(), status.root(), seen_, now);
  tell_status(std::move(status));
  perform(plan);
  keep_volumes_current(plan);
  keep_probes();
  if (plan.again_at) Timer::set(ground_.loop, *plan.again_at);
  else Timer::cancel();
}

void PodWorker::tell_status(json::Tree status) {
  const bool told = json::same(status.root(), status_.root());
  if (told && !pod_changed_) return;
  pod_changed_ = false;
  status_ = std::move(status);
  if (!seen_.gone && shown_) ground_.statuses.tell(uid_, shown_, json::Tree::copy_of(status_.root()));
}

void PodWorker::perform(const pod::Plan& plan) {
  for (const pod::Told& told : plan.told)
    say({.reason = told.reason, .message = told.message, .warning = told.warning}, told.container);
  if (plan.ending) begin_to_end();
  for (const pod::Stop& step : plan.stops) stop(step);
  for (const std::string& id : plan.remove)
    if (removing_.insert(id).second) spawn(remove_run(id), "remove a container");
  if (plan.remove_sandbox || plan.unmount) {
    seen_.busy = true;
    spawn(clear_place(plan.remove_sandbox, plan.unmount), "clear the place");
  } else if (plan.mount || plan.make_sandbox) {
    seen_.busy = true;
    spawn(make_place(pod_, plan.mount, plan.make_sandbox), "make the place");
  }
  if (plan.start) start(*plan.start);
  if (plan.done) end_if_done();
}

void PodWorker::begin_to_end() {
  if (starting_) starting_->cancel();
  if (seen_.ending_since) return;
  seen_.ending_since = ground_.clock.now();
  seen_.problem.reset();
  seen_.again_at = {};
  if (seen_.pod_ips.empty() || !has_own_network()) return;
  draining_ = true;
  spawn(drain(), "drain");
}

void PodWorker::end_if_done() {
  if (seen_.gone) {
    const auto is_empty = [](const auto& known) { return known.second.runs.empty(); };
    over_ = removing_.empty() && std::ranges::all_of(seen_.containers, is_empty);
  } else if (find_at(pod(), "metadata.deletionTimestamp") != nullptr) {
    ground_.statuses.finish(uid_, pod_);
  }
}

void PodWorker::say(const client::Said& said, std::string_view container) {
  ground_.events.say(
      {"v1", "Pod", std::string(text_at(pod(), "metadata.namespace")),
       std::string(text_at(pod(), "metadata.name")), uid_, pod::field_path_of(pod(), container)},
      "kubelet", said);
}

Task<void> PodWorker::then_look(Task<void> task) {
  const Result<void> done = co_await task.result();
  if (!done && done.error().kind() != ErrorKind::cancelled)
    ground_.log.warn("pod {}: {}", pod::pod_text(pod()), done.error().message());
  look();
}

void PodWorker::spawn(Task<void> task, std::string_view what) {
  group_.spawn(then_look(std::move(task)), text("pod {}: {}", text_at(pod(), "metadata.name"), what));
}

}  // namespace podo::node
