// Watched: one resource, mirrored once for all controllers: its Facts, by name and by who controls them.
//
// What is handed out lasts until the next co_await of whoever asked: the mirror may move on then. Those who
// want to be told of changes say so before start(). Lives on the loop; dies before its Client.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "base/io/condition.h"
#include "cluster/client/client.h"
#include "cluster/control/facts.h"

namespace podo::controllers {

using io::Task;
using objects::Revision;

class Watched {
 public:
  Watched(client::Client& client, Kind kind);
  // Null: there was none before, or there is none now. Must not block.
  using Changed = std::function<void(const Facts* before, const Facts* now)>;
  void on_change(Changed changed) { listeners_.push_back(std::move(changed)); }
  // The same change as whole objects, said before.
  void on_object(objects::Mirror::Changed seen) { object_listeners_.push_back(std::move(seen)); }
  Task<void> start();

  const Facts* find(std::string_view key) const;
  const Facts* find(std::string_view name_space, std::string_view name) const;
  std::vector<const Facts*> all(std::string_view name_space = {}) const;  // "": of all namespaces
  std::vector<const Facts*> owned_by(std::string_view uid) const;
  std::vector<const Facts*> without_owner(std::string_view name_space) const;
  std::optional<json::Tree> read(std::string_view key) const;  // the whole object

  // They wait until the mirror shows what was written; unavailable after half a minute.
  Task<void> reach(Revision revision);
  Task<void> gone(std::string key, std::string uid);  // or being deleted

  Kind kind() const { return kind_; }
  const schema::Resource& resource() const { return resource_; }
  const objects::Mirror& mirror() const { return *mirror_; }  // once it has been started

 private:
  void change(const objects::Object& before, const objects::Object& now);
  std::string group_of(const Facts& facts) const;
  std::vector<const Facts*> named(const std::set<std::string>& keys) const;
  Task<void> wait_for_end(std::string key, std::string uid);

  client::Client& client_;
  const Kind kind_;
  const schema::Resource& resource_;
  std::vector<Changed> listeners_;
  std::vector<objects::Mirror::Changed> object_listeners_;
  std::map<std::string, std::unique_ptr<const Facts>, std::less<>> facts_;  // by key
  std::map<std::string, std::set<std::string>, std::less<>> by_owner_;      // uid, or "/" + namespace
  io::Condition moved_{"a change of what controllers watch"};
  std::unique_ptr<objects::Mirror> mirror_;  // last: it calls into the above
};

inline const Pod& as_pod(const Facts& facts) { return static_cast<const Pod&>(facts); }
Pods as_pods(const std::vector<const Facts*>& facts);

}  // namespace podo::controllers
