// Call: one of a concurrent history: when it began and ended, what it saw, what it changed.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/core/text.h"
#include "base/store/store.h"

namespace podo::store {

using Instant = std::uint64_t;  // counts the beginnings and ends of calls
inline constexpr Instant never = UINT64_MAX;
using Contents = std::map<std::string, std::string, std::less<>>;

// One call: it compares, then reads, then writes; each part may be missing. Values are equal,
// or differ in their first 24 bytes.
struct Call {
  Instant began = 0;
  Instant ended = never;
  bool certain = false;  // false: it may not have happened, and what it saw is not known
  std::map<std::string, std::optional<std::string>> expects = {};  // by key; none: absent
  bool met = true;                                                 // that is how it was
  std::optional<Range> range = {};                                 // that it read
  Contents saw = {};
  std::map<std::string, std::optional<std::string>> writes = {};  // when met; none: erased
  Revision revision = 0;  // the store says: of its change, or of what it read

  bool changes() const { return met && !writes.empty(); }
};

// One line of a report.
inline std::string described(const Call& call) {
  auto value = [](const std::optional<std::string>& value) {
    return value ? value->substr(0, 16) : "absent";
  };
  std::string out = text("[{}, {}]", call.began, call.ended == never ? "..." : text("{}", call.ended));
  for (const auto& [key, expected] : call.expects)
    out += text(" {} {}is {}", key, call.met ? "" : "not as told: ", value(expected));
  for (const auto& [key, seen] : call.saw) out += text(" saw {}={}", key, seen.substr(0, 16));
  if (call.range && call.saw.empty()) out += text(" saw nothing from {}", call.range->from);
  for (const auto& [key, written] : call.writes) out += text(" {}:={}", key, value(written));
  return out + text(" at {}{}", call.revision, call.certain ? "" : ", perhaps");
}

// Whether what the call expects is so.
inline bool expectations_hold(const Call& call, const Contents& contents) {
  for (const auto& [key, expected] : call.expects) {
    auto found = contents.find(key);
    if (expected.has_value() != (found != contents.end())) return false;
    if (expected && found->second != *expected) return false;
  }
  return true;
}

// Whether what the call was told fits `contents`.
inline bool fits(const Call& call, const Contents& contents) {
  if (expectations_hold(call, contents) != call.met) return false;
  if (!call.range) return true;
  auto seen = call.saw.begin();
  for (auto it = contents.lower_bound(call.range->from); it != contents.end(); ++it) {
    if (!call.range->contains(it->first)) break;
    if (seen == call.saw.end() || *seen != *it) return false;
    ++seen;
  }
  return seen == call.saw.end();
}

inline void take_effect(const Call& call, Contents& contents) {
  for (const auto& [key, value] : call.writes) {
    if (value) contents.insert_or_assign(key, *value);
    else contents.erase(key);
  }
}

}  // namespace podo::store
