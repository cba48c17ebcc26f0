// Answers, encoded, by question. A hit is one look-up and one copy: id, question and flags become those of
// the query, times to live are what is left of them, addresses take turns at being the first.
//
// How long an answer is kept is what its records say, within limits (RFC 2308 for "no such name"; failures
// RFC 9520); or, of a zone of our own, until the world has changed. The bytes are bounded: what was not asked
// for the longest goes first. Lives on one loop.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/core/clock.h"
#include "base/core/random.h"
#include "base/dns/query_view.h"
#include "base/io/list.h"

namespace podo::dns {

struct AnswerCacheLimits {
  std::size_t bytes_max = 4 << 20;
  std::uint32_t positive_s = 3600, negative_s = 300, failure_s = 1;  // at most so long
  std::uint32_t stale_s = 0;  // how long what has expired may stand in for what cannot be had (RFC 8767)
};

enum class Lifetime : std::uint8_t {
  by_records,    // as their times to live say, which count down
  until_change,  // times to live stay as they are
  both,          // until either has come
};
enum class Stale : bool { refused, accepted };

class AnswerCache {
 public:
  AnswerCache(Clock& clock, Random& random, AnswerCacheLimits limits = {});
  AnswerCache(const AnswerCache&) = delete;
  ~AnswerCache();

  // The whole answer: how many bytes were written; 0: it is not here, or does not fit.
  std::size_t recall(const QueryView& query, std::span<char> into);
  // The same as a value, for who makes something else of it.
  std::optional<Message> find(const AnswerKey& key, Stale stale = Stale::refused);
  // Truncated answers and those that do not say how long they are good are not kept.
  void keep(const AnswerKey& key, const Message& answer, Lifetime lifetime);
  void world_changed() { ++world_; }
  std::uint64_t world() const { return world_; }  // how often it has

  struct Counts {
    std::uint64_t hits = 0, negative_hits = 0, misses = 0, evictions = 0;  // of recall()
  };
  const Counts& counts() const { return counts_; }
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry;
  struct Recency;
  struct Hash {
    std::uint64_t seed;
    std::size_t operator()(std::string_view key) const;
  };
  Entry* fresh(std::string_view key, Stale stale);
  bool is_expired(const Entry& entry) const;
  void remove(Entry& entry);

  Clock& clock_;
  AnswerCacheLimits limits_;
  std::unordered_map<std::string_view, std::unique_ptr<Entry>, Hash> entries_;  // keys are their entries'
  io::List<Entry, Recency> by_recency_;                                         // the oldest first
  std::size_t bytes_ = 0;
  std::uint64_t world_ = 0;
  Counts counts_;
};

}  // namespace podo::dns
