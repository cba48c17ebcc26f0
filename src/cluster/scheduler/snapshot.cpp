#include "cluster/scheduler/snapshot.h"

#include <algorithm>
#include <limits>

#include "base/core/ensure.h"

namespace podo::scheduler {
namespace {

void change(std::map<std::string, std::int64_t, std::less<>>& counts, std::string_view name, int by) {
  const auto place = counts.try_emplace(std::string(name)).first;
  if ((place->second += by) == 0) counts.erase(place);
}

void set_domain(Topology& topology, std::string_view key, std::size_t index, const NodeInfo& info) {
  if (index >= topology.domain_of.size()) topology.domain_of.resize(index + 1, -1);
  const std::string* value = info.there ? kube::find_label(info.node.labels, key) : nullptr;
  topology.domain_of[index] =
      value == nullptr
          ? -1
          : topology.domains.try_emplace(*value, static_cast<std::int32_t>(topology.domains.size()))
                .first->second;
}

std::string zone_of(const Node& node) {
  std::string zone;
  for (const std::string_view key : {"topology.kubernetes.io/region", "topology.kubernetes.io/zone"})
    if (const std::string* value = kube::find_label(node.labels, key)) zone.append(*value).append("/");
  return zone;
}

}  // namespace

void NodeInfo::add(PodPtr pod) {
  const PodShape& shape = *pod->shape;
  requested.add(shape.requests);
  scored_cpu_m += shape.scored_cpu_m;
  scored_memory += shape.scored_memory;
  ports.insert(ports.end(), shape.ports.begin(), shape.ports.end());
  pods.push_back(std::move(pod));
}

PodPtr NodeInfo::remove(std::string_view uid) {
  const auto found =
      std::ranges::find(pods, uid, [](const PodPtr& pod) { return std::string_view(pod->uid); });
  if (found == pods.end()) return nullptr;
  PodPtr gone = std::move(*found);
  *found = std::move(pods.back());
  pods.pop_back();
  const PodShape& shape = *gone->shape;
  requested.subtract(shape.requests);
  scored_cpu_m -= shape.scored_cpu_m;
  scored_memory -= shape.scored_memory;
  if (shape.ports.empty()) return gone;
  ports.clear();
  for (const PodPtr& pod : pods)
    ports.insert(ports.end(), pod->shape->ports.begin(), pod->shape->ports.end());
  return gone;
}

std::size_t Snapshot::place_of(std::string_view name) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
  std::size_t index = nodes_.size();
  if (free_.empty()) {
    nodes_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  nodes_[index].node.name = name;
  by_name_.emplace(name, index);
  return index;
}

void Snapshot::free_if_unused(std::size_t index) {
  NodeInfo& info = nodes_[index];
  if (info.there || !info.pods.empty() || !info.nominated.empty()) return;
  by_name_.erase(info.node.name);
  info = {};
  free_.push_back(index);
}

void Snapshot::count_images(const Node& node, int by) {
  for (const auto& [image, size] : node.images) change(images_, image, by);
}

void Snapshot::set_node(Node node) {
  const std::size_t index = place_of(node.name);
  NodeInfo& info = nodes_[index];
  if (info.there && info.node == node) return;
  if (!info.there || zone_of(info.node) != zone_of(node)) ordered_ = false;
  if (info.there) count_images(info.node, -1);
  else ++nodes_there_;
  info.there = true;
  info.node = std::move(node);
  count_images(info.node, 1);
  for (auto& [key, topology] : topologies_) set_domain(topology, key, index, info);
}

void Snapshot::remove_node(std::string_view name) {
  const std::optional<std::size_t> index = find(name);
  if (!index) return;
  NodeInfo& info = nodes_[*index];
  count_images(info.node, -1);
  info.there = false;
  --nodes_there_;
  Node bare;
  bare.name = name;
  info.node = std::move(bare);
  ordered_ = false;
  for (auto& [key, topology] : topologies_) set_domain(topology, key, *index, info);
  free_if_unused(*index);
}

void Snapshot::set_namespace(std::string_view name, std::optional<kube::Labels> labels) {
  if (census_.set_namespace(name, std::move(labels))) recount();
}

void Snapshot::recount() {
  census_.forget_counts();
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    for (const PodPtr& pod : nodes_[i].pods) census_.change(*pod, i, 1);
}

void Snapshot::change_claims(const Pod& pod, int by) {
  for (const ClaimUse& use : pod.claims) change(claim_users_, pod.name_space() + "/" + use.claim, by);
}

void Snapshot::add(const PodPtr& pod) {
  ENSURE(!pod->node.empty());
  const std::size_t index = place_of(pod->node);
  nodes_[index].add(pod);
  census_.change(*pod, index, 1);
  change_claims(*pod, 1);
  ++priorities_[pod->priority()];
}

void Snapshot::remove(const Pod& pod) {
  const auto found = by_name_.find(pod.node);
  if (found == by_name_.end()) return;
  const std::size_t index = found->second;
  const PodPtr gone = nodes_[index].remove(pod.uid);
  if (gone == nullptr) return;
  census_.change(*gone, index, -1);
  change_claims(*gone, -1);
  if (const auto same = priorities_.find(gone->priority()); --same->second == 0) priorities_.erase(same);
  free_if_unused(index);
}

void Snapshot::nominate(const PodPtr& pod, std::string_view node) {
  end_nomination(*pod);
  if (!find(node)) return;
  nodes_[*find(node)].nominated.push_back(pod);
  nominated_.emplace(pod->uid, node);
}

void Snapshot::end_nomination(const Pod& pod) {
  const auto found = nominated_.find(pod.uid);
  if (found == nominated_.end()) return;
  const auto place = by_name_.find(found->second);
  nominated_.erase(found);
  if (place == by_name_.end()) return;
  const std::size_t index = place->second;
  std::erase_if(nodes_[index].nominated, [&](const PodPtr& each) { return each->uid == pod.uid; });
  free_if_unused(index);
}

std::string_view Snapshot::nominated_node(const Pod& pod) const {
  const auto found = nominated_.find(pod.uid);
  return found != nominated_.end() ? std::string_view(found->second) : std::string_view();
}

std::optional<std::size_t> Snapshot::find(std::string_view node) const {
  const auto found = by_name_.find(node);
  if (found == by_name_.end() || !nodes_[found->second].there) return std::nullopt;
  return found->second;
}

const std::vector<std::uint32_t>& Snapshot::order() {
  if (ordered_) return order_;
  std::map<std::string, std::vector<std::uint32_t>> zones;
  for (const auto& [name, index] : by_name_)
    if (nodes_[index].there) zones[zone_of(nodes_[index].node)].push_back(static_cast<std::uint32_t>(index));
  order_.clear();
  for (std::size_t round = 0;; ++round) {
    const std::size_t before = order_.size();
    for (const auto& [zone, members] : zones)
      if (round < members.size()) order_.push_back(members[round]);
    if (order_.size() == before) break;
  }
  ordered_ = true;
  return order_;
}

const Topology& Snapshot::topology(std::string_view key) {
  const auto [place, is_new] = topologies_.try_emplace(std::string(key));
  if (is_new)
    for (std::size_t i = 0; i < nodes_.size(); ++i) set_domain(place->second, key, i, nodes_[i]);
  return place->second;
}

std::int64_t Snapshot::lowest_priority() const {
  return priorities_.empty() ? std::numeric_limits<std::int64_t>::max() : priorities_.begin()->first;
}

std::int64_t Snapshot::claim_users(std::string_view claim_key) const {
  const auto found = claim_users_.find(claim_key);
  return found != claim_users_.end() ? found->second : 0;
}

std::int64_t Snapshot::nodes_with(std::string_view image) const {
  const auto found = images_.find(image);
  return found != images_.end() ? found->second : 0;
}

}  // namespace podo::scheduler
