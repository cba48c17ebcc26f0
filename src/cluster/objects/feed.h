// Feed: the newest changes of one resource, read from the store once for all who watch it. Private to this
// room.
//
//                 store::Watch -> ring of Changes -> Follower, Follower, ...
//
// A Follower is a place in the ring, not a queue. One that is not in the ring (it begins earlier, or was too
// slow) reads the store's own history until it is. The ring keeps what somebody has not been told yet, and a
// little more, within its budget; there is a Feed only while somebody follows. Lives on the store's loop.
#pragma once

#include <deque>
#include <map>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/io/list.h"
#include "base/io/timer.h"
#include "cluster/objects/objects.h"

namespace podo::objects {

class Follower;
struct Following;

struct FeedLimits {
  std::size_t bytes = 8 << 20;  // of a ring: what its changes may come to, decoded and encoded
  std::size_t changes = 4096;
  std::size_t told_bytes = 128 << 10;  // kept although everybody has been told, for who comes next
};

class Feed {
 public:
  Feed(io::Loop& loop, store::Store& store, std::string prefix, const FeedLimits& limits);

  // What changed after `begins_after` is in the ring; `through` says how far it is.
  bool has_begun() const { return begun_; }
  bool covers(Revision told) const { return begun_ && told >= begins_after_; }
  Revision through() const { return through_; }
  std::optional<Revision> silent_through() const;
  std::deque<ChangePtr>::const_iterator first_after(Revision told) const;
  std::deque<ChangePtr>::const_iterator end() const { return ring_.end(); }
  Result<void> usable() const;

  void add(Follower& follower);
  bool is_followed() { return !followers_.empty(); }
  store::Store& store() { return store_; }
  io::Loop& loop() { return group_.loop(); }

 private:
  Task<void> read();
  Task<void> read_on();
  void begin_at(Revision revision);
  void take_in(const store::Events& events);
  Revision tell_followers(std::size_t first_new, Revision through);
  void trim(Revision told_to_all);
  void wake_all();

  store::Store& store_;
  const std::string prefix_;
  const FeedLimits limits_;
  std::unique_ptr<store::Watch> watch_;
  std::deque<ChangePtr> ring_;
  std::size_t ring_bytes_ = 0;
  bool begun_ = false;
  Revision begins_after_ = 0, through_ = 0;
  std::unique_ptr<Error> error_;
  io::List<Follower, Following> followers_;
  io::TaskGroup group_;  // last: its strand uses all of the above
};

// One reader of a Feed.
class Follower final : public Changes, public io::Link<Following>, private io::Timer {
 public:
  Follower(Feed& feed, std::function<void()> left, store::Range range, Revision told);
  ~Follower() override;
  Task<void> begin();  // fails when its beginning is compacted
  Task<News> next(std::optional<Duration> progress_after) override;
  std::optional<Revision> silent_through() const override;

  // Of the feed.
  void news(std::span<const ChangePtr> changes, Revision after, Revision through);
  void wake() { changed_.notify_one(); }
  Revision told() const { return told_; }

 private:
  struct Call;
  bool wants(const Change& change) const;
  News take();
  Task<News> read_past();
  void fired() override;

  Feed& feed_;
  const std::function<void()> left_;
  const store::Range range_;
  Revision told_;
  std::unique_ptr<store::Watch> past_;  // while the ring does not cover it
  bool in_call_ = false, waiting_ = false, late_ = false;
  io::Condition changed_{"a change"};
};

class Feeds {
 public:
  Feeds(io::Loop& loop, store::Store& store, const FeedLimits& limits)
      : loop_(loop), store_(store), limits_(limits) {}
  ~Feeds();
  // Of the keys that begin with `narrow`, which begins with `prefix`.
  std::unique_ptr<Follower> follow(const std::string& prefix, std::string_view narrow, Revision told);

 private:
  io::Loop& loop_;
  store::Store& store_;
  const FeedLimits limits_;
  std::map<std::string, std::unique_ptr<Feed>> feeds_;
};

}  // namespace podo::objects
