#include "cluster/objects/mirror.h"

#include <algorithm>
#include <set>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/io/timer.h"
#include "base/io/wait.h"

namespace podo::objects {
namespace {

constexpr std::size_t page_objects = 1000;

struct ByKey {
  using is_transparent = void;
  static std::string_view key(const Object& object) { return object.entry().key(); }
  static std::string_view key(std::string_view key) { return key; }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return key(a) < key(b);
  }
};

class ObjectsSource final : public MirrorSource {
 public:
  ObjectsSource(Objects& objects, const schema::Resource& resource)
      : objects_(objects), resource_(resource) {}
  std::string prefix(std::string_view name_space) const override { return prefix_of(resource_, name_space); }
  bool is_near() const override { return true; }
  Task<ListPage> list(ListPage before) override {
    return objects_.list(resource_, "", page_objects, std::move(before.last_key), before.revision);
  }
  Task<std::unique_ptr<Changes>> watch(Revision from) override { return objects_.watch(resource_, "", from); }

 private:
  Objects& objects_;
  const schema::Resource& resource_;
};

class WatchedMirror final : public Mirror {
 public:
  WatchedMirror(io::Loop& loop, std::unique_ptr<MirrorSource> source, Changed changed)
      : source_(std::move(source)),
        prefix_(source_->prefix({})),
        changed_(std::move(changed)),
        group_(loop) {}

  // The first time by whoever waits for start(), later by the strand.
  Task<void> read() {
    std::set<Object, ByKey> there;
    ListPage page;
    do {
      page = co_await source_->list(std::move(page));
      for (Object& object : page.objects) there.insert(there.end(), std::move(object));
    } while (page.more);
    changes_ = co_await source_->watch(page.revision);
    take_over(std::move(there));
    revision_ = page.revision;
    moved_.notify_all();
  }
  void follow() { group_.spawn(stay_true(), text("mirror of {}", prefix_)); }

  const Object* find(std::string_view name_space, std::string_view name) const override {
    const auto found = objects_there_.find(source_->prefix(name_space).append(name));
    return found != objects_there_.end() ? &*found : nullptr;
  }

  void each(std::string_view name_space, const std::function<void(const Object&)>& see) const override {
    const store::Range range = store::Range::prefix(source_->prefix(name_space));
    for (auto it = objects_there_.lower_bound(range.from);
         it != objects_there_.end() && range.contains(it->entry().key()); ++it)
      see(*it);
  }

  Revision revision() const override {
    const std::optional<Revision> silent = changes_ != nullptr ? changes_->silent_through() : std::nullopt;
    return silent ? std::max(*silent, revision_) : revision_;
  }

  // What is on its way here is with strands that can go on, so turns are all it needs.
  Task<void> reach(Revision revision) override {
    while (this->revision() < revision) {
      if (!group_.size()) co_await unavailable("the watch of {} has ended", prefix_);
      if (source_->is_near()) co_await io::yield();
      else co_await moved_.wait();
    }
  }

 private:
  Task<void> stay_true() {
    for (;;) {
      Result<void> ended = co_await follow_changes().result();
      if (ended.error().kind() == ErrorKind::cancelled) co_return;  // the store was closed
      while (!(co_await read().result())) co_await io::sleep(seconds(1));
    }
  }

  Task<void> follow_changes() {
    for (;;) {
      const Changes::News news = co_await changes_->next();
      for (const ChangePtr& change : news.changes) take_in(*change);
      revision_ = news.through;
      moved_.notify_all();
    }
  }

  void take_in(const Change& change) {
    const Object now = change.kind == Change::Kind::deleted ? Object() : change.now;
    const Object before = exchange(change.now.entry().key(), now);
    if (changed_ && (before || now)) changed_(before, now);
  }

  Object exchange(std::string_view key, const Object& now) {
    Object before;
    auto place = objects_there_.lower_bound(key);
    if (place != objects_there_.end() && place->entry().key() == key) {
      before = *place;
      place = objects_there_.erase(place);
    }
    if (now) objects_there_.insert(place, now);
    return before;
  }

  void take_over(std::set<Object, ByKey> there) {
    std::swap(objects_there_, there);
    if (!changed_) return;
    for (const Object& before : there)
      if (!objects_there_.contains(before)) changed_(before, {});
    for (const Object& now : objects_there_) {
      const auto before = there.find(now);
      if (before == there.end()) changed_({}, now);
      else if (before->revision() != now.revision()) changed_(*before, now);
    }
  }

  const std::unique_ptr<MirrorSource> source_;
  const std::string prefix_;
  const Changed changed_;
  std::set<Object, ByKey> objects_there_;
  std::unique_ptr<Changes> changes_;
  Revision revision_ = 0;
  io::Condition moved_{"a mirror's next change"};
  io::TaskGroup group_;  // last: its strand uses all of the above
};

}  // namespace

Task<std::unique_ptr<Mirror>> Mirror::start(Objects& objects, const schema::Resource& resource,
                                            Changed changed) {
  return start(std::make_unique<ObjectsSource>(objects, resource), std::move(changed));
}

Task<std::unique_ptr<Mirror>> Mirror::start(std::unique_ptr<MirrorSource> source, Changed changed) {
  auto mirror =
      std::make_unique<WatchedMirror>(co_await io::this_loop(), std::move(source), std::move(changed));
  co_await mirror->read();
  mirror->follow();
  co_return std::unique_ptr<Mirror>(std::move(mirror));
}

}  // namespace podo::objects
