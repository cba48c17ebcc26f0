#include "cluster/node/pod_table.h"

#include "cluster/pod/admit.h"
#include "model/kube/path.h"

namespace podo::node {

using kube::text_at;

void PodTable::take(PodPtr pod, const json::Item* node) {
  const std::string uid(text_at(pod->root(), "metadata.uid"));
  if (const auto known = workers_.find(uid); known != workers_.end()) {
    ground_.statuses.know(uid, pod->root());
    known->second->change(std::move(pod));
    return;
  }
  const bool found = !ground_.runs.of(uid).empty() || ground_.engine.find_sandbox(uid) != nullptr ||
                     !text_at(pod->root(), "status.startTime").empty();
  auto worker = std::make_unique<PodWorker>(ground_, std::move(pod), found);
  if (!found && node != nullptr) admit(*worker, *node);
  group_.spawn(run(*worker), "pod " + uid);
  workers_.emplace(uid, std::move(worker));
}

void PodTable::admit(PodWorker& worker, const json::Item& node) const {
  std::vector<const json::Item*> others;
  for (const auto& [uid, other] : workers_)
    if (!other->is_over()) others.push_back(&other->pod());
  if (auto problem = pod::admit(worker.pod(), node, others)) worker.reject(*std::move(problem));
}

Task<void> PodTable::run(PodWorker& worker) {
  const std::string uid = worker.uid();
  co_await worker.run();
  ground_.statuses.forget(uid);
  workers_.erase(uid);
}

void PodTable::lose(std::string_view uid) {
  if (const auto known = workers_.find(uid); known != workers_.end()) known->second->lose();
}

void PodTable::look(std::string_view uid) {
  if (const auto known = workers_.find(uid); known != workers_.end()) known->second->look();
}

void PodTable::evict(std::string_view uid, pod::Problem why) {
  if (const auto known = workers_.find(uid); known != workers_.end()) known->second->evict(std::move(why));
}

void PodTable::show_in(std::string_view uid, PodPtr mirror) {
  const auto known = workers_.find(uid);
  if (known == workers_.end()) return;
  if (mirror) ground_.statuses.know(known->first, mirror->root());
  else ground_.statuses.forget(known->first);
  known->second->show_in(std::move(mirror));
}

void PodTable::refresh(std::string_view name_space) {
  for (const auto& [uid, worker] : workers_)
    if (text_at(worker->pod(), "metadata.namespace") == name_space) worker->refresh();
}

std::vector<std::string> PodTable::uids() const {
  std::vector<std::string> uids;
  for (const auto& [uid, worker] : workers_) uids.push_back(uid);
  return uids;
}

std::vector<PodPtr> PodTable::living() const {
  std::vector<PodPtr> pods;
  for (const auto& [uid, worker] : workers_)
    if (!worker->is_over()) pods.push_back(worker->shared_pod());
  return pods;
}

std::string PodTable::metrics() const {
  std::size_t running = 0;
  for (const auto& [uid, worker] : workers_) running += worker->seen().sandbox;
  return text(
      "# TYPE kubelet_running_pods gauge\nkubelet_running_pods {}\n"
      "# TYPE kubelet_desired_pods gauge\nkubelet_desired_pods {}\n",
      running, workers_.size());
}

}  // namespace podo::node
