#include "cluster/workloads/job_indexes.h"

#include <algorithm>
#include <charconv>

#include "base/core/text.h"

namespace podo::controllers {

Indexes Indexes::parse(std::string_view text, std::int64_t below) {
  Indexes indexes;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    std::int64_t first = -1;
    const auto begin = std::from_chars(part.data(), part.data() + part.size(), first);
    std::int64_t last = first;
    if (begin.ptr < part.data() + part.size() && *begin.ptr == '-')
      std::from_chars(begin.ptr + 1, part.data() + part.size(), last);
    last = std::min(last, below - 1);
    if (first < 0 || last < first) continue;
    if (!indexes.ranges_.empty() && first <= indexes.ranges_.back().last + 1)
      indexes.ranges_.back().last = std::max(last, indexes.ranges_.back().last);
    else indexes.ranges_.push_back({first, last});
  }
  return indexes;
}

bool Indexes::contains(std::int64_t index) const {
  const auto after = std::ranges::upper_bound(ranges_, index, {}, &Range::first);
  return after != ranges_.begin() && std::prev(after)->last >= index;
}

void Indexes::insert(std::int64_t index) {
  if (contains(index)) return;
  auto after = std::ranges::upper_bound(ranges_, index, {}, &Range::first);
  const bool joins_next = after != ranges_.end() && after->first == index + 1;
  const bool joins_last = after != ranges_.begin() && std::prev(after)->last + 1 == index;
  if (joins_last && joins_next) {
    std::prev(after)->last = after->last;
    ranges_.erase(after);
  } else if (joins_last) {
    std::prev(after)->last = index;
  } else if (joins_next) {
    after->first = index;
  } else {
    ranges_.insert(after, {index, index});
  }
}

std::int64_t Indexes::size() const {
  std::int64_t count = 0;
  for (const Range& range : ranges_) count += range.last - range.first + 1;
  return count;
}

std::int64_t Indexes::shared_with(const Indexes& other) const {
  std::int64_t count = 0;
  for (const Range& a : ranges_)
    for (const Range& b : other.ranges_)
      count += std::max<std::int64_t>(0, std::min(a.last, b.last) - std::max(a.first, b.first) + 1);
  return count;
}

// Two that follow each other stand alone: "1,2", as upstream writes them.
std::string Indexes::text() const {
  std::string all;
  for (const Range& range : ranges_) {
    if (!all.empty()) all += ',';
    all += podo::text("{}", range.first);
    if (range.last > range.first)
      all += podo::text("{}{}", range.last == range.first + 1 ? "," : "-", range.last);
  }
  return all;
}

}  // namespace podo::controllers
