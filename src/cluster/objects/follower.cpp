#include <algorithm>
#include <span>

#include "base/core/ensure.h"
#include "base/io/wait.h"
#include "cluster/objects/feed.h"

namespace podo::objects {
namespace {

constexpr std::size_t changes_at_once = 1000;  // and what their last transaction has more

}  // namespace

struct Follower::Call {
  explicit Call(Follower& follower_) : follower(follower_) { follower.in_call_ = true; }
  ~Call() {
    follower.in_call_ = follower.waiting_ = false;
    follower.Timer::cancel();
  }
  Follower& follower;
};

Follower::Follower(Feed& feed, std::function<void()> left, store::Range range, Revision told)
    : feed_(feed), left_(std::move(left)), range_(std::move(range)), told_(told) {
  feed_.add(*this);
}

Follower::~Follower() {
  past_.reset();
  Link<Following>::unlink();
  left_();
}

Task<void> Follower::begin() {
  if (!feed_.covers(told_)) past_ = co_await feed_.store().watch(range_, told_ + 1);
  co_return;
}

Task<Changes::News> Follower::next(std::optional<Duration> progress_after) {
  ENSURE(!in_call_);  // one call at a time
  co_await io::checkpoint();
  late_ = false;
  if (progress_after) Timer::set(feed_.loop(), feed_.loop().clock().now() + *progress_after);
  Call call(*this);
  for (;;) {
    co_await feed_.usable();
    if (!feed_.covers(told_)) {
      News news = co_await read_past();
      if (!news.changes.empty() || late_) co_return news;
      if (feed_.has_begun()) continue;  // the ring may have news by now
    } else {
      past_.reset();
      News news = take();
      if (!news.changes.empty() || late_) co_return news;
    }
    waiting_ = true;
    co_await changed_.wait();
    waiting_ = false;
  }
}

std::optional<Revision> Follower::silent_through() const {
  if (!waiting_ || !feed_.covers(told_) || told_ < feed_.through()) return {};
  return feed_.silent_through();
}

bool Follower::wants(const Change& change) const { return range_.contains(change.now.entry().key()); }

void Follower::news(std::span<const ChangePtr> changes, Revision after, Revision through) {
  if (told_ < after) return;  // it has not seen what came before
  for (const ChangePtr& change : changes)
    if (change->revision > told_ && wants(*change)) return wake();
  told_ = std::max(told_, through);
}

Changes::News Follower::take() {
  News news;
  for (auto it = feed_.first_after(told_); it != feed_.end(); ++it) {
    const Change& change = **it;
    if (news.changes.size() >= changes_at_once && change.revision != told_) {
      news.through = told_;
      return news;
    }
    told_ = change.revision;
    if (wants(change)) news.changes.push_back(*it);
  }
  told_ = std::max(told_, feed_.through());
  if (const auto silent = feed_.silent_through()) told_ = std::max(told_, *silent);
  news.through = told_;
  return news;
}

// From the store's own history, in changes that nobody shares, until the ring covers what comes next.
Task<Changes::News> Follower::read_past() {
  if (past_ == nullptr) past_ = co_await feed_.store().watch(range_, told_ + 1);
  const store::Events events = co_await past_->next(Duration{});
  News news;
  for (const store::Event& event : events.events)
    news.changes.push_back(std::make_shared<const Change>(event));
  news.through = told_ = std::max(told_, events.through);
  if (feed_.covers(told_)) past_.reset();
  co_return news;
}

void Follower::fired() {
  late_ = true;
  changed_.notify_one();
}

}  // namespace podo::objects
