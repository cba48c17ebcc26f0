#include "container/builder/cache_prune.h"

#include <algorithm>
#include <set>

#include "base/core/timestamp.h"

namespace podo::builder {
namespace {

struct Filter {
  std::string key, value;
  bool part = false;  // of the text
  Wall unused_since = {};

  bool accepts(const CacheItem& item) const {
    if (key == "until") return item.last_used <= unused_since;
    if (key == "inuse") return item.in_use == is_true();
    if (key == "shared") return item.shared == is_true();
    if (key == "private") return item.shared != is_true();
    const std::string& text = key == "id"       ? item.id
                              : key == "parent" ? item.parent
                              : key == "type"   ? item.type
                                                : item.description;
    return part ? text.contains(value) : text == value;
  }
  bool is_true() const { return value != "false" && value != "0"; }
};

Result<Filter> read_filter(std::string_view name, const std::vector<std::string>& values, Wall now) {
  Filter filter{.key = std::string(name), .value = values.empty() ? "" : values[0]};
  if (filter.key.ends_with('~')) filter.key.pop_back(), filter.part = true;
  if (values.size() > 1) return invalid("filter `{}` expects only one value", filter.key);
  if (filter.key == "unused-for") filter.key = "until";
  constexpr std::string_view known[] = {"until",       "id",    "parent", "type",
                                        "description", "inuse", "shared", "private"};
  if (std::ranges::find(known, filter.key) == std::end(known)) return invalid("invalid filter '{}'", name);
  if (filter.key == "id") filter.part = true;  // people type the beginning
  if (filter.key == "until") {
    auto instant = parse_instant(filter.value, now);
    if (!instant) return invalid("`until` filter expects a duration (e.g., '24h') or a timestamp");
    filter.unused_since = *instant;
  }
  return filter;
}

std::uint64_t may_stay(const CachePrune& how, std::uint64_t total, std::uint64_t free_bytes) {
  std::uint64_t stay = how.max_used_bytes;
  if (how.min_free_bytes > free_bytes) {
    const std::uint64_t missing = how.min_free_bytes - free_bytes, rest = total - std::min(total, missing);
    stay = how.max_used_bytes == 0 ? rest : std::min(stay, rest);
  } else if (how.min_free_bytes > 0 && how.max_used_bytes == 0) {
    stay = total;
  }
  return std::max(stay, how.keep_bytes);
}

struct Order {
  bool operator()(const CacheItem* a, const CacheItem* b) const {
    return std::tie(a->last_used, a->uses, a->id) < std::tie(b->last_used, b->uses, b->id);
  }
};

}  // namespace

Result<std::vector<std::string>> plan_prune(const std::vector<CacheItem>& items, const CachePrune& how,
                                            Wall now, std::uint64_t free_bytes) {
  std::vector<Filter> filters;
  for (const auto& [name, values] : how.filters) filters.push_back(TRY(read_filter(name, values, now)));
  std::map<std::string_view, const CacheItem*> by_id;
  std::map<std::string_view, int> children;
  std::uint64_t total = 0;
  for (const CacheItem& item : items) {
    by_id.emplace(item.id, &item);
    if (!item.parent.empty()) ++children[item.parent];
    if (!item.shared) total += item.bytes;
  }
  const bool limited = how.max_used_bytes != 0 || how.keep_bytes != 0 || how.min_free_bytes != 0;
  const std::uint64_t stay = limited ? may_stay(how, total, free_bytes) : 0;

  const auto may_go = [&](const CacheItem& item) {
    return !item.in_use && (how.all || !item.shared) && children[item.id] == 0 &&
           std::ranges::all_of(filters, [&](const Filter& filter) { return filter.accepts(item); });
  };
  std::set<const CacheItem*, Order> next;
  for (const CacheItem& item : items)
    if (may_go(item)) next.insert(&item);
  std::vector<std::string> gone;
  while (!next.empty() && (!limited || total > stay)) {
    const CacheItem& item = **next.begin();
    next.erase(next.begin());
    gone.push_back(item.id);
    if (!item.shared) total -= item.bytes;
    const auto parent = by_id.find(item.parent);
    if (parent == by_id.end()) continue;
    --children[item.parent];
    if (may_go(*parent->second)) next.insert(parent->second);
  }
  return gone;
}

}  // namespace podo::builder
