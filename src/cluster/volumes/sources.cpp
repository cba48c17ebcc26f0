#include "cluster/volumes/sources.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/io/timer.h"

namespace podo::volumes {
namespace {

constexpr Duration shortest_wait = seconds(1), longest_wait = seconds(30);
constexpr SourceKind kinds[] = {SourceKind::config_map, SourceKind::secret};

struct Key {
  SourceKind kind;
  std::string name_space, name;
  auto operator<=>(const Key&) const = default;
};

Duration after(Duration wait) { return std::min(wait * 2, longest_wait); }

class WatchedSources final : public Sources {
 public:
  WatchedSources(io::Loop& loop, client::Client& client, Changed changed)
      : loop_(loop), client_(client), changed_(std::move(changed)), all_{All(loop), All(loop)} {}

  void hold(std::string_view pod_uid, std::string_view name_space, SourceKind kind,
            std::string_view name) override {
    if (name.empty()) return;  // names nothing, and would select everything
    Key key{kind, std::string(name_space), std::string(name)};
    Held& held = held_[key];
    held.by.emplace(pod_uid);
    if (client_.is_near()) return follow_all(kind);
    if (held.one != nullptr) return;
    held.one = std::make_unique<One>(loop_);
    held.one->strand.spawn(follow(*held.one, key), text("watch of {} {}", name_of(kind), name));
  }

  void release(std::string_view pod_uid) override {
    std::erase_if(held_, [&](auto& entry) {
      std::set<std::string, std::less<>>& by = entry.second.by;
      if (const auto found = by.find(pod_uid); found != by.end()) by.erase(found);
      return by.empty();
    });
    moved_.notify_all();
  }

  Task<std::optional<json::Tree>> get(std::string name_space, SourceKind kind, std::string name,
                                      objects::Revision at_least) override {
    if (name.empty()) co_return std::nullopt;
    const Key key{kind, std::move(name_space), std::move(name)};
    const objects::Mirror* mirror = nullptr;
    while (is_awaited(key, mirror)) co_await moved_.wait();
    if (mirror == nullptr) co_return co_await client_.find(where(key));
    if (client_.is_near()) co_await all_of(kind).mirror->reach(at_least);
    co_return co_await found_in(key);
  }

 private:
  // A mirror in the making, and where it is watched.
  struct One {
    explicit One(io::Loop& loop) : strand(loop) {}
    std::unique_ptr<objects::Mirror> mirror;
    bool failed = false;  // since it was begun: who asks meanwhile asks the server
    io::TaskGroup strand;
  };
  using All = One;
  struct Held {
    std::set<std::string, std::less<>> by;  // uids of pods
    std::unique_ptr<One> one;               // null when all of its kind are followed
  };

  All& all_of(SourceKind kind) { return all_[kind == SourceKind::secret]; }
  const schema::Resource& resource(SourceKind kind) const {
    return *client_.resource("", kind == SourceKind::secret ? "secrets" : "configmaps");
  }
  client::Where where(const Key& key) const {
    return {.resource = &resource(key.kind), .name_space = key.name_space, .name = key.name};
  }

  // Whether to wait for a mirror of it; else `mirror` is it, or null when there is none to look in.
  bool is_awaited(const Key& key, const objects::Mirror*& mirror) {
    const auto found = held_.find(key);
    if (found == held_.end()) return false;
    const One& one = found->second.one != nullptr ? *found->second.one : all_of(key.kind);
    mirror = one.mirror.get();
    return mirror == nullptr && !one.failed;
  }

  // Not a coroutine: between the look and the copy nobody may let the mirror go.
  Result<std::optional<json::Tree>> found_in(const Key& key) {
    const objects::Mirror* mirror = nullptr;
    static_cast<void>(is_awaited(key, mirror));
    const objects::Object* object = mirror != nullptr ? mirror->find(key.name_space, key.name) : nullptr;
    if (object == nullptr) return std::nullopt;
    return TRY(object->tree());
  }

  // What is told while a mirror is begun nobody has seen before: no change.
  void tell(const One& one, const Key& key) {
    if (one.mirror != nullptr && changed_ && held_.contains(key))
      changed_(key.name_space, key.kind, key.name);
  }

  void follow_all(SourceKind kind) {
    All& all = all_of(kind);
    if (all.strand.size() == 0 && all.mirror == nullptr)
      all.strand.spawn(follow(all, {.kind = kind, .name_space = {}, .name = {}}),
                       text("mirror of {}s", name_of(kind)));
  }

  // `key`: without a name all of the kind. Ends when there is a mirror: that goes on by itself.
  Task<void> follow(One& one, Key key) {
    client::Selection selection;
    if (!key.name.empty())
      selection = {.name_space = key.name_space, .labels = {}, .fields = "metadata.name=" + key.name};
    for (Duration wait = shortest_wait;; wait = after(wait)) {
      auto begun =
          co_await client_
              .mirror(
                  resource(key.kind), selection,
                  [this, &one, kind = key.kind](const objects::Object& before, const objects::Object& now) {
                    const objects::Object& object = now ? now : before;
                    tell(one, {kind, std::string(object.name_space()), std::string(object.name())});
                  })
              .result();
      if (begun) one.mirror = *std::move(begun);
      one.failed = !begun;
      moved_.notify_all();
      if (begun) co_return;
      co_await io::sleep(wait);
    }
  }

  io::Loop& loop_;
  client::Client& client_;
  const Changed changed_;
  io::Condition moved_{"a ConfigMap or Secret to be there"};
  std::map<Key, Held> held_;
  All all_[std::size(kinds)];  // of a server that is near; by kind
};

}  // namespace

std::string_view name_of(SourceKind kind) { return kind == SourceKind::secret ? "secret" : "configmap"; }

std::unique_ptr<Sources> Sources::make(io::Loop& loop, client::Client& client, Changed changed) {
  return std::make_unique<WatchedSources>(loop, client, std::move(changed));
}

}  // namespace podo::volumes
