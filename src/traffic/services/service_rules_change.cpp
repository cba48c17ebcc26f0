#include "traffic/services/service_rules_change.h"

#include <algorithm>

namespace podo::services {
namespace {

using linux::NftBatch;
using linux::NftElement;

std::int64_t seconds_of(Duration duration) { return (duration.ns + seconds(1).ns - 1) / seconds(1).ns; }

std::string address_twice(const IpAddress& address) { return text("{}{}", address.bytes(), address.bytes()); }

// The same backends in an order in which as many as can be have their former places.
std::vector<Backend> keep_places(const std::vector<Backend>& before, const std::vector<Backend>& wanted) {
  std::vector<Backend> placed = before, fresh;
  std::ranges::set_difference(
      wanted,
      [&] {
        std::vector<Backend> sorted = before;
        std::ranges::sort(sorted);
        return sorted;
      }(),
      std::back_inserter(fresh));
  for (std::size_t i = 0; i < placed.size();) {
    if (std::ranges::binary_search(wanted, placed[i])) {
      ++i;
    } else if (!fresh.empty()) {
      placed[i++] = std::move(fresh.back());
      fresh.pop_back();
    } else {
      placed[i] = std::move(placed.back());
      placed.pop_back();
    }
  }
  std::ranges::move(fresh, std::back_inserter(placed));
  return placed;
}

// No two of an address's prefixes overlap unless one contains the other.
std::vector<IpPrefix> disjoint(const std::vector<IpPrefix>& prefixes, bool v6) {
  std::vector<IpPrefix> all;
  for (const IpPrefix& prefix : prefixes)
    if (prefix.address.is_v6() == v6) all.push_back(prefix.network());
  std::ranges::sort(all, {}, [](const IpPrefix& prefix) { return std::pair(prefix.length, prefix.address); });
  std::vector<IpPrefix> widest;
  for (const IpPrefix& prefix : all)
    if (std::ranges::none_of(widest, [&](const IpPrefix& wide) { return wide.contains(prefix.address); }))
      widest.push_back(prefix);
  return widest;
}

bool precedes(const NftElement& a, const NftElement& b) {
  const auto all = [](const NftElement& element) {
    return std::tuple(std::string_view(element.key), std::string_view(element.data),
                      std::string_view(element.key_last), element.verdict ? element.verdict->code : 0,
                      std::string_view(element.verdict ? element.verdict->chain : element.key_last));
  };
  return all(a) < all(b);
}

}  // namespace

void add_stale_flows(StaleFlows& flows, const FrontKey& key, const Front* before, const Front* after) {
  if (key.protocol != IPPROTO_UDP) return;
  const auto has_anybody = [](const Front* front) {
    return front != nullptr && !(front->backends.empty() && front->backends_outside.empty());
  };
  if (!has_anybody(before) && has_anybody(after)) flows.gained.insert(key);
  if (before == nullptr) return;
  for (const auto list : {&Front::backends, &Front::backends_outside})
    for (const Backend& backend : before->*list) {
      const auto is_same = [&](const Backend& other) {
        return other.address == backend.address && other.port == backend.port;
      };
      if (after == nullptr || std::ranges::none_of(after->*list, is_same))
        flows.lost.insert({key, Backend{backend.address, backend.port}});
    }
}

linux::NftVerdict ServiceProgram::lead(NftBatch& batch, const FrontKey& key, const Way& way,
                                       Programmed& made) {
  if (made.front.affinity.ns != 0) {
    std::string chain = chain_of(way, key, seconds_of(made.front.affinity));
    made.own_chains[chain] = way;
    return {NFT_GOTO, std::move(chain)};
  }
  if (shared_[way]++ == 0) {
    batch.add_chain({.name = chain_of(way)});
    batch.flush_chain(chain_of(way));  // the last one may have left it in this very batch
    add_way_rules(batch, way);
  }
  made.shares.push_back(way);
  return {NFT_GOTO, chain_of(way)};
}

void ServiceProgram::make_own_chains(NftBatch& batch, const FrontKey& key, const Programmed& before,
                                     const Programmed& after) {
  const bool v6 = key.address.is_v6();
  with_affinity_[v6] += after.own_chains.empty() ? 0 : 1;
  with_affinity_[v6] -= before.own_chains.empty() ? 0 : 1;
  if (!after.own_chains.empty() && !std::exchange(has_affinity_set_[v6], true)) add_affinity_set(batch, v6);
  for (const auto& [chain, way] : after.own_chains) {
    if (before.own_chains.contains(chain)) batch.flush_chain(chain);
    else batch.add_chain({.name = chain});
    add_way_rules(batch, way, key, seconds_of(after.front.affinity),
                  way.outside ? after.outside : after.inside);
  }
  for (const auto& [chain, way] : before.own_chains)
    if (!after.own_chains.contains(chain)) unused_chains_.push_back(chain);
}

ServiceProgram::Programmed ServiceProgram::arrange(NftBatch& batch, const FrontKey& key, const Front& front,
                                                   const Programmed& before) {
  Programmed made{.front = front, .inside = keep_places(before.inside, front.backends)};
  if (front.splits) made.outside = keep_places(before.outside, front.backends_outside);
  const auto choose = [&](std::size_t count, bool drops, Way way) {
    if (count == 0) return drops ? linux::NftVerdict{NF_DROP} : linux::NftVerdict{NFT_GOTO, refusing_chain};
    way.count = static_cast<std::uint32_t>(count);
    return lead(batch, key, way, made);
  };
  const Way way{.v6 = key.address.is_v6(), .node_port = key.address.is_unspecified()};
  made.to_inside = choose(made.inside.size(), front.drops && !front.splits, way);
  if (front.reach == Reach::inside) return made;
  const std::size_t outside = front.splits ? made.outside.size() : made.inside.size();
  Way from_outside = way;
  from_outside.outside = front.splits;
  from_outside.sourced = made.sourced = outside != 0 && !front.sources.empty();
  made.to_outside = choose(outside, front.drops, from_outside);
  return made;
}

std::vector<ServiceProgram::Placed> ServiceProgram::elements_of(const FrontKey& key,
                                                                const Programmed& programmed) {
  std::vector<Placed> placed;
  const bool v6 = key.address.is_v6();
  const std::string front = front_key(key);
  const auto put = [&](SetKind set, NftElement element) {
    placed.push_back({SetName{set, v6, key.address.is_unspecified()}, std::move(element)});
  };
  if (programmed.to_inside) put(SetKind::inside, {.key = front, .verdict = programmed.to_inside});
  if (programmed.to_outside) put(SetKind::outside, {.key = front, .verdict = programmed.to_outside});
  const auto put_backends = [&](const std::vector<Backend>& backends, std::uint32_t number) {
    for (const Backend& backend : backends)
      put(SetKind::backend, {front + linux::nft_number_key(number++), endpoint_key(backend)});
  };
  put_backends(programmed.inside, 0);
  put_backends(programmed.outside, first_outside);
  if (programmed.sourced)
    for (const IpPrefix& source : disjoint(programmed.front.sources, v6))
      put(SetKind::source, {.key = front + std::string(source.first().bytes()),
                            .key_last = front + std::string(source.last().bytes())});
  return placed;
}

void ServiceProgram::differ(const FrontKey& key, const Programmed& old_one, const Programmed& new_one) {
  const auto order = [](const Placed& a, const Placed& b) {
    return a.set != b.set ? a.set < b.set : precedes(a.element, b.element);
  };
  std::vector<Placed> old_elements = elements_of(key, old_one), new_elements = elements_of(key, new_one);
  std::ranges::sort(old_elements, order);
  std::ranges::sort(new_elements, order);
  auto gone = old_elements.begin(), come = new_elements.begin();
  while (gone != old_elements.end() || come != new_elements.end()) {
    if (come == new_elements.end() || (gone != old_elements.end() && order(*gone, *come))) {
      gone->element.data.clear();  // the key is enough
      gone->element.verdict.reset();
      difference_.removed[gone->set].push_back(std::move(gone->element));
      ++gone;
    } else if (gone == old_elements.end() || order(*come, *gone)) {
      difference_.added[come->set].push_back(std::move(come->element));
      ++come;
    } else {
      ++gone, ++come;
    }
  }
}

void ServiceProgram::count(const Programmed& programmed, std::ptrdiff_t by) {
  for (const auto* backends : {&programmed.inside, &programmed.outside})
    for (const Backend& backend : *backends) {
      Users& users = users_[backend.address];
      users_before_.try_emplace(backend.address, users);
      (backend.here ? users.here : users.elsewhere) += static_cast<std::size_t>(by);
    }
}

void ServiceProgram::differ_in_addresses() {
  for (const auto& [address, users_then] : users_before_) {
    const Users now = users_.at(address);
    const auto differ_in = [&](SetKind kind, std::string key, std::size_t then_count, std::size_t count) {
      if ((then_count != 0) == (count != 0)) return;
      auto& side = count != 0 ? difference_.added : difference_.removed;
      side[SetName{kind, address.is_v6()}].push_back({std::move(key)});
    };
    differ_in(SetKind::here, address_twice(address), users_then.here, now.here);
    differ_in(SetKind::elsewhere, std::string(address.bytes()), users_then.elsewhere, now.elsewhere);
    if (now.here == 0 && now.elsewhere == 0) users_.erase(address);
  }
  users_before_.clear();
}

void ServiceProgram::set_front(RulesChange& change, const FrontKey& key, const Front* wanted) {
  const Programmed nothing;
  const auto found = fronts_.find(key);
  const Programmed& before = found == fronts_.end() ? nothing : found->second;
  Programmed after = wanted == nullptr ? Programmed() : arrange(change.batch, key, *wanted, before);
  count(after, 1);
  count(before, -1);
  differ(key, before, after);
  make_own_chains(change.batch, key, before, after);
  for (const Way& way : before.shares) --shared_.at(way);
  add_stale_flows(change.flows, key, found == fronts_.end() ? nullptr : &before.front, wanted);
  if (wanted != nullptr) fronts_[key] = std::move(after);
  else fronts_.erase(key);
}

// Removed before added: an element whose data change is both.
void ServiceProgram::finish(NftBatch& batch) {
  differ_in_addresses();
  for (const auto& [set, elements] : difference_.removed) batch.remove_elements(text_of(set), elements);
  for (const auto& [set, elements] : difference_.added) batch.add_elements(text_of(set), elements);
  difference_ = {};
  for (const std::string& chain : unused_chains_) batch.remove_chain(chain);
  unused_chains_.clear();
  for (const bool v6 : {false, true})
    if (with_affinity_[v6] == 0 && std::exchange(has_affinity_set_[v6], false))
      batch.remove_set(text_of(SetName{SetKind::stays, v6}));
  for (auto way = shared_.begin(); way != shared_.end();) {
    if (way->second == 0) batch.remove_chain(chain_of(way->first));
    way = way->second == 0 ? shared_.erase(way) : std::next(way);
  }
}

RulesChange ServiceProgram::replace(const ServiceTable& table, const FoundRules& found) {
  const std::map<FrontKey, Programmed> lost = std::move(fronts_);
  *this = ServiceProgram(std::move(options_));
  RulesChange change{.batch = empty_table(options_)};
  for (const auto& [key, front] : table) set_front(change, key, &front);
  finish(change.batch);
  const auto note_flows = [&](const FrontKey& key, const Front& front) {
    const auto now = table.find(key);
    add_stale_flows(change.flows, key, &front, now == table.end() ? nullptr : &now->second);
  };
  for (const auto& [key, programmed] : lost) note_flows(key, programmed.front);
  for (const auto& [key, front] : found.table) note_flows(key, front);
  for (const auto& [set, clients] : found.stays)
    if (has_affinity_set_[set.v6]) change.batch.add_elements(text_of(set), clients);
  return change;
}

RulesChange ServiceProgram::change(const ServiceTable& table) {
  RulesChange change{.batch = linux::NftBatch(NFPROTO_INET, options_.table)};
  auto had = fronts_.begin();
  std::vector<std::pair<FrontKey, const Front*>> changed;
  for (const auto& [key, front] : table) {
    for (; had != fronts_.end() && had->first < key; ++had) changed.push_back({had->first, nullptr});
    const bool same = had != fronts_.end() && had->first == key && had->second.front == front;
    if (!same) changed.push_back({key, &front});
    if (had != fronts_.end() && had->first == key) ++had;
  }
  for (; had != fronts_.end(); ++had) changed.push_back({had->first, nullptr});
  for (const auto& [key, front] : changed) set_front(change, key, front);
  finish(change.batch);
  return change;
}

}  // namespace podo::services
