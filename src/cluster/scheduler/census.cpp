#include "cluster/scheduler/census.h"

#include <algorithm>

#include "base/core/ensure.h"

namespace podo::scheduler {

struct Census::Known {
  ShapePtr shape;
  std::vector<Query*> asked;                                       // by the shape's queries
  std::vector<Query*> counted;                                     // those that mean it
  std::vector<Holder*> held;                                       // its own terms
  std::vector<const Holder*> felt;                                 // those that mean it
  std::unordered_map<std::uint32_t, std::int32_t> living, ending;  // its pods by node; mostly few
};

Census::Census() = default;
Census::~Census() = default;

void Count::change(std::size_t node, int by) {
  if (node >= on.size()) on.resize(node + 1);
  on[node] += by;
  total += by;
}

ShapePtr Census::shape_of(const json::Item& pod) {
  std::string key = shape_key(pod);
  if (const auto found = by_key_.find(key); found != by_key_.end()) return found->second->shape;
  if (by_key_.size() >= sweep_at_) sweep();
  auto known = std::make_unique<Known>();
  PodShape shape = scheduler::shape_of(pod);
  if (free_ids_.empty()) {
    shape.id = static_cast<std::uint32_t>(by_id_.size());
    by_id_.push_back(nullptr);
  } else {
    shape.id = free_ids_.back();
    free_ids_.pop_back();
  }
  known->shape = std::make_shared<const PodShape>(std::move(shape));
  by_id_[known->shape->id] = known.get();
  learn(*known);
  return by_key_.emplace(std::move(key), std::move(known)).first->second->shape;
}

void Census::learn(Known& known) {
  const PodShape& shape = *known.shape;
  for (const auto& [text, query] : queries_)
    if (means(query->query, shape)) known.counted.push_back(query.get());
  for (const auto& [text, holder] : holders_)
    if (means(holder->query, shape)) known.felt.push_back(holder.get());
  learn_queries(known);
  learn_terms(known, shape.affinity, Holder::Sort::required);
  learn_terms(known, shape.anti_affinity, Holder::Sort::anti);
  learn_terms(known, shape.preferred, Holder::Sort::preferred);
  learn_terms(known, shape.preferred_anti, Holder::Sort::preferred_anti);
}

void Census::learn_queries(Known& known) {
  for (const PodQuery& each : known.shape->queries) {
    auto& query = queries_[each.text];
    if (query == nullptr) {
      query = std::make_unique<Query>(Query{.query = each, .count = {}});
      for (Known* other : by_id_)
        if (other != nullptr && means(each, *other->shape)) other->counted.push_back(query.get());
      count_present(*query);
    }
    ++query->asked_by;
    known.asked.push_back(query.get());
  }
}

void Census::learn_terms(Known& known, const std::vector<AffinityTerm>& terms, Holder::Sort sort) {
  for (const AffinityTerm& term : terms) {
    const PodQuery& query = known.shape->queries[term.query];
    auto& holder =
        holders_[text("{}\n{}\n{}\n{}", static_cast<int>(sort), term.topology_key, term.weight, query.text)];
    if (holder == nullptr) {
      holder = std::make_unique<Holder>(Holder{.sort = sort,
                                               .query = query,
                                               .topology_key = term.topology_key,
                                               .weight = term.weight,
                                               .count = {}});
      for (Known* other : by_id_)
        if (other != nullptr && means(query, *other->shape)) other->felt.push_back(holder.get());
    }
    ++holder->held_by;
    known.held.push_back(holder.get());
  }
}

// A query that is new: of the shapes that it means, all pods.
void Census::count_present(Query& query) const {
  const auto take = [&query](const auto& pods) {
    for (const auto& [node, count] : pods) query.count.change(node, count);
  };
  for (const Known* known : by_id_) {
    if (known == nullptr || !std::ranges::contains(known->counted, &query)) continue;
    take(known->living);
    if (!query.query.skips_ending) take(known->ending);
  }
}

void Census::change(const Pod& pod, std::size_t node, int by) {
  Known& known = *by_id_[pod.shape->id];
  auto& pods = pod.ending ? known.ending : known.living;
  const auto place = pods.try_emplace(static_cast<std::uint32_t>(node)).first;
  if ((place->second += by) == 0) pods.erase(place);
  for (Query* query : known.counted)
    if (!pod.ending || !query->query.skips_ending) query->count.change(node, by);
  for (Holder* holder : known.held) holder->count.change(node, by);
}

const Count& Census::count(const PodShape& shape, std::size_t query) const {
  return by_id_[shape.id]->asked[query]->count;
}

const std::vector<const Holder*>& Census::felt_by(const PodShape& shape) const {
  return by_id_[shape.id]->felt;
}

bool Census::means(const PodQuery& query, const PodShape& shape) const {
  return query.matches(shape, labels_of(shape.name_space));
}

const kube::Labels* Census::labels_of(std::string_view name_space) const {
  const auto found = namespaces_.find(name_space);
  return found != namespaces_.end() ? &found->second : nullptr;
}

bool Census::set_namespace(std::string_view name, std::optional<kube::Labels> labels) {
  const kube::Labels* before = labels_of(name);
  if (labels ? before != nullptr && *before == *labels : before == nullptr) return false;
  if (labels) namespaces_.insert_or_assign(std::string(name), *std::move(labels));
  else namespaces_.erase(namespaces_.find(name));
  const auto asks = [](const auto& item) { return item.second->query.asks_namespaces(); };
  return std::ranges::any_of(queries_, asks) || std::ranges::any_of(holders_, asks);
}

void Census::forget_counts() {
  for (const auto& [text, query] : queries_) query->count = {};
  for (const auto& [text, holder] : holders_) holder->count = {};
  for (Known* known : by_id_) {
    if (known == nullptr) continue;
    known->living.clear();
    known->ending.clear();
    known->counted.clear();
    known->felt.clear();
    for (const auto& [text, query] : queries_)
      if (means(query->query, *known->shape)) known->counted.push_back(query.get());
    for (const auto& [text, holder] : holders_)
      if (means(holder->query, *known->shape)) known->felt.push_back(holder.get());
  }
}

void Census::sweep() {
  std::erase_if(by_key_, [this](const auto& item) {
    Known& known = *item.second;
    if (known.shape.use_count() > 1) return false;
    for (Query* query : known.asked) --query->asked_by;
    for (Holder* holder : known.held) --holder->held_by;
    by_id_[known.shape->id] = nullptr;
    free_ids_.push_back(known.shape->id);
    return true;
  });
  for (const auto& [key, known] : by_key_) {
    std::erase_if(known->counted, [](const Query* query) { return query->asked_by == 0; });
    std::erase_if(known->felt, [](const Holder* holder) { return holder->held_by == 0; });
  }
  std::erase_if(queries_, [](const auto& item) { return item.second->asked_by == 0; });
  std::erase_if(holders_, [](const auto& item) { return item.second->held_by == 0; });
  sweep_at_ = std::max(shapes_min, 2 * by_key_.size());
}

}  // namespace podo::scheduler
