#include "base/store/watchers.h"

#include "base/core/ensure.h"
#include "base/io/loop.h"
#include "base/io/wait.h"

namespace podo::store {
namespace {

constexpr std::size_t events_at_once = 1000;  // and what their last transaction has more

}  // namespace

// Between calls it knows the first event it has not looked at. One that has seen everything up to now is
// told by shown() where the first event for it stands, and skips all before.
class Watchers::Follower final : public Watch, public io::Link<Watching>, private io::Timer {
 public:
  Follower(Watchers& watchers, std::map<Range, Audience, ByFrom>::iterator audience, Revision from)
      : watchers_(watchers), audience_(audience), next_(watchers.history_.first_event_after(from - 1)) {
    audience_->second.push_back(*this);
  }
  ~Follower() override {
    Link<Watching>::unlink();
    if (audience_->second.empty()) watchers_.audiences_.erase(audience_);
  }

  Task<Events> next(std::optional<Duration> progress_after) override {
    ENSURE(!waiting_);  // one call at a time
    co_await io::checkpoint();
    late_ = false;
    if (progress_after) Timer::set(watchers_.loop_, watchers_.loop_.clock().now() + *progress_after);
    Waits waits(*this);
    for (;;) {
      if (watchers_.closed_) co_return cancelled("the store was closed");
      Events events = co_await look();
      if (!events.events.empty() || late_) co_return events;
      co_await changed_.wait();
    }
  }

  std::optional<Revision> silent_through() const override {
    if (!waiting_ || !up_to_date_) return {};
    return watchers_.history_.shown();
  }

  void tell(std::uint64_t event) {
    if (!up_to_date_) return;
    up_to_date_ = false;
    next_ = event;
    changed_.notify_one();
  }
  void wake() { changed_.notify_one(); }

 private:
  struct Waits {
    explicit Waits(Follower& follower_) : follower(follower_) { follower.waiting_ = true; }
    ~Waits() {
      follower.waiting_ = false;
      follower.Timer::cancel();
    }
    Follower& follower;
  };

  Result<Events> look() {
    History& history = watchers_.history_;
    Events events;
    if (up_to_date_) {
      events.through = history.shown();
      return events;
    }
    if (next_ < history.first_event())
      return not_found("what this watch would see next is compacted: the oldest revision there is is {}",
                       history.oldest());
    const Range& range = audience_->first;
    Revision taken = 0;
    for (; next_ < history.end_of_events(); ++next_) {
      const Change& change = history.event(next_);
      Revision revision = change.entry.modified();
      if (events.events.size() >= events_at_once && revision != taken) {
        events.through = revision - 1;
        return events;
      }
      if (!range.contains(change.entry.key())) continue;
      events.events.push_back({.entry = change.entry, .previous = change.previous});
      taken = revision;
    }
    up_to_date_ = true;
    events.through = history.shown();
    return events;
  }

  void fired() override {
    late_ = true;
    changed_.notify_one();
  }

  Watchers& watchers_;
  std::map<Range, Audience, ByFrom>::iterator audience_;
  std::uint64_t next_;  // the first event not looked at yet
  bool up_to_date_ = false;
  bool waiting_ = false;
  bool late_ = false;
  io::Condition changed_{"a change"};
};

Watchers::~Watchers() { ENSURE(audiences_.empty()); }  // a Watch dies before its store

std::unique_ptr<Watch> Watchers::open(Range range, Revision from) {
  auto audience = audiences_.try_emplace(std::move(range)).first;
  return std::make_unique<Follower>(*this, audience, from);
}

void Watchers::shown(std::uint64_t first_event) {
  const std::uint64_t end = history_.end_of_events();
  for (auto& [range, audience] : audiences_) {
    std::uint64_t event = first_event;
    while (event < end && !range.contains(history_.event(event).entry.key())) ++event;
    if (event == end) continue;
    for (Follower* it = audience.front(); it != nullptr; it = audience.after(*it)) it->tell(event);
  }
}

void Watchers::close() {
  closed_ = true;
  for (auto& [range, audience] : audiences_)
    for (Follower* it = audience.front(); it != nullptr; it = audience.after(*it)) it->wake();
}

}  // namespace podo::store
