#include "cluster/objects/feed.h"

#include <algorithm>
#include <span>

#include "base/core/ensure.h"

namespace podo::objects {
namespace {

// What a change may come to hold: its bytes, both states as trees, and two encodings.
std::size_t cost_of(const Change& change) {
  return sizeof(Change) + 5 * change.now.entry().size() +
         (change.before ? 2 * change.before.entry().size() : 0);
}

}  // namespace

Feed::Feed(io::Loop& loop, store::Store& store, std::string prefix, const FeedLimits& limits)
    : store_(store), prefix_(std::move(prefix)), limits_(limits), group_(loop) {
  group_.spawn(read(), "feed of " + prefix_);
}

Result<void> Feed::usable() const {
  if (error_ != nullptr) return Failure(Error(*error_));
  return {};
}

std::optional<Revision> Feed::silent_through() const {
  return watch_ != nullptr ? watch_->silent_through() : std::nullopt;
}

std::deque<ChangePtr>::const_iterator Feed::first_after(Revision told) const {
  return std::ranges::upper_bound(ring_, told, {}, [](const ChangePtr& change) { return change->revision; });
}

void Feed::add(Follower& follower) { followers_.push_back(follower); }

Task<void> Feed::read() {
  for (;;) {
    Result<void> ended = co_await read_on().result();
    if (!ended && ended.error().kind() == ErrorKind::not_found) continue;  // history went on without it
    error_ = std::make_unique<Error>(ended.error());
    wake_all();
    co_return;
  }
}

Task<void> Feed::read_on() {
  const store::Status status = co_await store_.status();
  watch_ = co_await store_.watch(store::Range::prefix(prefix_), status.revision + 1);
  begin_at(status.revision);
  for (;;) take_in(co_await watch_->next());
}

void Feed::begin_at(Revision revision) {
  ring_.clear();
  ring_bytes_ = 0;
  begins_after_ = through_ = revision;
  begun_ = true;
  wake_all();
}

void Feed::take_in(const store::Events& events) {
  const std::size_t first_new = ring_.size();
  for (const store::Event& event : events.events) {
    ring_.push_back(std::make_shared<const Change>(event));
    ring_bytes_ += cost_of(*ring_.back());
  }
  const Revision told_to_all = tell_followers(first_new, events.through);
  through_ = events.through;
  trim(told_to_all);
}

// Who has nothing new in it is moved on, and keeps sleeping. Answers how far everybody is.
Revision Feed::tell_followers(std::size_t first_new, Revision through) {
  const std::vector<ChangePtr> fresh(ring_.begin() + static_cast<std::ptrdiff_t>(first_new), ring_.end());
  Revision told_to_all = through;
  for (Follower* it = followers_.front(); it != nullptr; it = followers_.after(*it)) {
    it->news(fresh, through_, through);
    if (covers(it->told())) told_to_all = std::min(told_to_all, it->told());
  }
  return told_to_all;
}

void Feed::trim(Revision told_to_all) {
  while (!ring_.empty()) {
    const Change& oldest = *ring_.front();
    const bool is_told = oldest.revision <= told_to_all && ring_bytes_ > limits_.told_bytes;
    if (!is_told && ring_bytes_ <= limits_.bytes && ring_.size() <= limits_.changes) return;
    begins_after_ = oldest.revision;
    ring_bytes_ -= cost_of(oldest);
    ring_.pop_front();
  }
}

void Feed::wake_all() {
  for (Follower* it = followers_.front(); it != nullptr; it = followers_.after(*it)) it->wake();
}

Feeds::~Feeds() { ENSURE(feeds_.empty()); }  // Changes die before their Objects

std::unique_ptr<Follower> Feeds::follow(const std::string& prefix, std::string_view narrow, Revision told) {
  auto [place, is_new] = feeds_.try_emplace(prefix);
  if (is_new) place->second = std::make_unique<Feed>(loop_, store_, prefix, limits_);
  auto left = [this, place] {
    if (!place->second->is_followed()) feeds_.erase(place);
  };
  return std::make_unique<Follower>(*place->second, left, store::Range::prefix(narrow), told);
}

}  // namespace podo::objects
