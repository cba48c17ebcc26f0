#include "cluster/scheduler/fitting.h"

#include <algorithm>

namespace podo::scheduler {

Fitting::Fitting(Snapshot& snapshot, const Storage& storage, PodPtr pod)
    : snapshot_(&snapshot),
      pod_(std::move(pod)),
      volumes_(snapshot, storage, *pod_),
      spreading_(snapshot, *pod_->shape),
      neighbours_(snapshot, *pod_->shape) {}

Verdict Fitting::check(std::size_t node, const NodeInfo& info) const {
  Verdict verdict = check_node(shape(), info);
  if (verdict.fits() && !pod_->claims.empty()) verdict = volumes_.check(info.node);
  if (verdict.fits()) verdict = spreading_.check(node);
  if (verdict.fits()) verdict = neighbours_.check(node);
  return verdict;
}

Verdict Fitting::check_beside_nominated(std::size_t node) const {
  return check_beside_nominated(node, snapshot_->nodes()[node]);
}

Verdict Fitting::check_beside_nominated(std::size_t node, const NodeInfo& info) const {
  const auto counts = [this](const PodPtr& other) {
    return other->uid != pod_->uid && other->priority() >= pod_->priority();
  };
  if (std::ranges::any_of(info.nominated, counts)) {
    NodeInfo fuller = info;
    Fitting beside = *this;
    for (const PodPtr& other : info.nominated) {
      if (!counts(other)) continue;
      fuller.add(other);
      beside.shift(*other, node, 1);
    }
    if (const Verdict verdict = beside.check(node, fuller); !verdict.fits()) return verdict;
  }
  return check(node, info);
}

void Fitting::shift(const Pod& pod, std::size_t node, int by) {
  volumes_.shift(pod, by);
  spreading_.shift(pod, node, by);
  neighbours_.shift(pod, node, by);
}

}  // namespace podo::scheduler
