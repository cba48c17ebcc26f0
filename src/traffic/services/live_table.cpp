#include "traffic/services/live_table.h"

#include <algorithm>

namespace podo::services {
namespace {

bool is_one_of(const IpAddress& address, const std::vector<IpAddress>& addresses) {
  return std::ranges::find(addresses, address) != addresses.end();
}

}  // namespace

void LiveTable::set_service(const std::string& key, std::optional<Service> service) {
  if (!service && !entries_.contains(key)) return;
  Entry& entry = entries_[key];
  if (entry.service == service) return;  // what changed is nothing to us
  entry.service = std::move(service);
  touch(key);
}

void LiveTable::drop_slice(const std::string& key) {
  const auto owner = slice_service_.find(key);
  if (owner == slice_service_.end()) return;
  entries_[owner->second].slices.erase(key);
  touch(owner->second);
  slice_service_.erase(owner);
}

void LiveTable::set_slice(const std::string& key, std::optional<Slice> slice) {
  const auto owner = slice_service_.find(key);
  if (!slice || (owner != slice_service_.end() && owner->second != slice->service)) drop_slice(key);
  if (!slice) return;
  Entry& entry = entries_[slice->service];
  const auto known = entry.slices.find(key);
  if (known != entry.slices.end() && known->second == *slice) return;
  touch(slice->service);
  slice_service_[key] = slice->service;
  entry.slices[key] = *std::move(slice);
}

void LiveTable::set_place(Place place) {
  if (place == place_) return;
  place_ = std::move(place);
  for (const auto& [key, entry] : entries_) touch(key);
}

std::vector<const Slice*> LiveTable::slices_of(const Entry& entry) {
  std::vector<const Slice*> slices;
  for (const auto& [name, slice] : entry.slices) slices.push_back(&slice);
  return slices;
}

bool LiveTable::refresh() {
  bool changed = false;
  for (const std::string& key : std::exchange(dirty_, {})) changed = refresh(key) || changed;
  return changed;
}

bool LiveTable::refresh(const std::string& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  Entry& entry = found->second;
  std::set<FrontKey> touched;
  for (const auto& [front, value] : entry.fronts) {
    claims_[front].erase(entry.rank);
    touched.insert(front);
  }
  entry.fronts = {};
  if (entry.service) {
    entry.rank = rank_of(*entry.service);
    entry.fronts = fronts_of(*entry.service, slices_of(entry), place_);
  }
  for (const auto& [front, value] : entry.fronts) {
    claims_[front].insert(entry.rank);
    touched.insert(front);
  }
  refresh_health(key, entry);
  bool changed = false;
  for (const FrontKey& front : touched) changed = settle(front) || changed;
  if (!entry.service && entry.slices.empty()) entries_.erase(found);
  return changed;
}

void LiveTable::refresh_health(const std::string& key, const Entry& entry) {
  if (entry.service && entry.service->health_port != 0)
    health_[key] = {entry.service->health_port, ready_here(slices_of(entry), place_)};
  else health_.erase(key);
}

// The front is its first claimant's. True: the table has changed.
bool LiveTable::settle(const FrontKey& front) {
  const auto claims = claims_.find(front);
  if (claims->second.empty()) {
    claims_.erase(claims);
    return table_.erase(front) != 0;
  }
  const Front& wanted = entries_.at(claims->second.begin()->service).fronts.at(front);
  const auto [there, is_new] = table_.try_emplace(front, wanted);
  if (is_new) return true;
  if (there->second == wanted) return false;
  there->second = wanted;
  return true;
}

std::vector<std::string> LiveTable::services_with(const std::vector<IpAddress>& addresses) const {
  std::vector<std::string> keys;
  const auto has_one = [&](const auto& named) {
    return std::ranges::any_of(named.second.endpoints, [&](const Endpoint& endpoint) {
      return is_one_of(endpoint.address, addresses);
    });
  };
  for (const auto& [key, entry] : entries_)
    if (entry.service && std::ranges::any_of(entry.slices, has_one)) keys.push_back(key);
  return keys;
}

bool LiveTable::offers(const std::vector<std::string>& services,
                       const std::vector<IpAddress>& addresses) const {
  const auto offers_one = [&](const auto& named) {
    return std::ranges::any_of(named.second.endpoints, [&](const Endpoint& endpoint) {
      return endpoint.ready && !endpoint.terminating && is_one_of(endpoint.address, addresses);
    });
  };
  for (const std::string& key : services) {
    const auto entry = entries_.find(key);
    if (entry != entries_.end() && entry->second.service &&
        std::ranges::any_of(entry->second.slices, offers_one))
      return true;
  }
  return false;
}

std::set<std::string> LiveTable::nodes_with_ready(const std::string& service) const {
  std::set<std::string> nodes;
  const auto entry = entries_.find(service);
  if (entry == entries_.end()) return nodes;
  for (const auto& [name, slice] : entry->second.slices)
    for (const Endpoint& endpoint : slice.endpoints)
      if (endpoint.ready && !endpoint.node.empty()) nodes.insert(endpoint.node);
  return nodes;
}

std::vector<Backend> LiveTable::targets(const std::string& service) const {
  std::vector<Backend> targets;
  const auto entry = entries_.find(service);
  if (entry == entries_.end()) return targets;
  for (const auto& [name, slice] : entry->second.slices)
    for (const Endpoint& endpoint : slice.endpoints)
      for (const SlicePort& port : slice.ports) targets.push_back({endpoint.address, port.port});
  return targets;
}

}  // namespace podo::services
