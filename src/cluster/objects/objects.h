// Objects of the API as bytes over a Store. The one place that knows what a key and a stored value look like.
//
//   key    := "/" GROUP-or-"core" "/" PLURAL [ "/" NAMESPACE ] "/" NAME     the group is that of storage
//   value  := version:u8(1) splice:u32le json      json: canonical, without metadata.resourceVersion
//
// resourceVersion is the store's revision of the version, spliced into the JSON at `splice` whenever it is
// read, so that what is stored does not depend on when. An Object shares the store's bytes: nothing is copied
// until it goes out.
//
// Resources that store the same objects (events of two groups, autoscalers of two versions) share their keys.
// What is written and read is in the version of storage (storage_of): whoever calls converts
// (model/strategy).
//
// Lives on the store's loop; dies before the store. Errors are the store's: not_found is an object that is
// not there, or a revision that is too old (told apart by asking for a revision).
#pragma once

#include <functional>

#include "base/format/json_tree.h"
#include "base/store/store.h"
#include "model/schema/schema.h"

namespace podo::objects {

using io::Task;
using store::Revision;

struct Key {
  const schema::Resource* resource = nullptr;
  std::string name_space, name;  // name_space: "" of cluster-scoped ones
  std::string to_text() const;
};

// The resource in whose version it is stored; itself mostly.
const schema::Resource& storage_of(const schema::Schema& schema, const schema::Resource& resource);
// What all keys of a resource begin with, or those of one namespace: "/apps/deployments/default/".
std::string prefix_of(const schema::Resource& resource, std::string_view name_space = {});

class Object {
 public:
  Object() = default;  // absent
  explicit Object(store::Entry entry) : entry_(std::move(entry)) {}
  // The last state of what was deleted, as of its deletion.
  Object(store::Entry entry, Revision deleted) : entry_(std::move(entry)), deleted_(deleted) {}
  explicit operator bool() const { return bool(entry_); }
  Revision revision() const { return deleted_ != 0 ? deleted_ : entry_.modified(); }
  std::string_view name_space() const;  // of the key
  std::string_view name() const;
  std::size_t json_size() const;  // with its resourceVersion
  void append_json(std::string& out) const;
  std::string json() const;
  void append_item(std::string& out) const;      // as append_json() without kind and apiVersion: of a list
  void append_metadata(std::string& out) const;  // the JSON of metadata alone, with resourceVersion
  std::string_view labels() const;               // the JSON of metadata.labels; "" of none
  Result<json::Tree> tree() const;               // with resourceVersion, to be changed
  Result<json::Document> document() const;       // with resourceVersion, to be read
  const store::Entry& entry() const { return entry_; }
  // A stored value of canonical JSON; a resourceVersion in it does not matter. Invalid: no metadata in it.
  static Result<std::string> encode(std::string_view canonical_json);

 private:
  struct Parts;
  Parts parts() const;
  store::Entry entry_;
  Revision deleted_ = 0;
};

// A change as watchers are told. What somebody makes of it is made once for all of them, and kept with it.
class Change {
 public:
  enum class Kind : std::uint8_t { added, modified, deleted };
  explicit Change(const store::Event& event);
  Kind kind;
  Object now;     // deleted: the last state, at the revision of the deletion
  Object before;  // absent when added
  Revision revision;
  const json::Item& item() const;         // of now, with its resourceVersion
  const json::Item& item_before() const;  // of before
  // The event in a form that somebody has asked for already; else made by `make`, and kept.
  std::string_view encoded(int form, const std::function<std::string(const Change&)>& make) const;

 private:
  struct Encoded {
    int form;
    std::string bytes;
  };
  mutable std::optional<json::Tree> item_, item_before_;
  mutable std::vector<std::unique_ptr<Encoded>> encoded_;
};
using ChangePtr = std::shared_ptr<const Change>;

// Changes of one resource, in order and without a gap. Bounded memory: a reader who is too slow, or begins
// before history does, is told not_found. Dies before its Objects.
class Changes {
 public:
  virtual ~Changes() = default;
  struct News {
    std::vector<ChangePtr> changes;
    Revision through = 0;  // everything up to here has been told
  };
  // One call at a time. With `progress_after`, answers after that time without changes, too.
  virtual Task<News> next(std::optional<Duration> progress_after = {}) = 0;
  // As store::Watch: while a call of next() waits, and nothing is on its way.
  virtual std::optional<Revision> silent_through() const = 0;
};

// What else has to hold, and to happen, in the same transaction. What does not hold is a conflict.
struct Alongside {
  std::vector<store::Condition> conditions = {};
  std::vector<store::Operation> then = {};
};

struct ListPage {
  std::vector<Object> objects;
  bool more = false;
  Revision revision = 0;  // of the whole list
  std::string last_key;   // where the next page goes on
};

class Objects {
 public:
  // The key ranges of Secrets are the store's to encrypt: sealed_prefixes(). Below not_durable_prefixes() lie
  // those kinds that a crash may take the last second of, or all (Events, Leases).
  static std::unique_ptr<Objects> make(io::Loop& loop, store::Store& store, const schema::Schema& schema);
  static std::vector<std::string> sealed_prefixes();
  static std::vector<std::string> not_durable_prefixes(const schema::Schema& schema);
  virtual ~Objects() = default;

  virtual Task<std::optional<Object>> find(Key key, Revision at = 0) = 0;
  // already_exists. Events last relaxed, Leases in memory only, all else durably.
  virtual Task<Object> create(Key key, std::string canonical_json, Alongside more = {}) = 0;
  // Conflict when it was changed since `expected` (0: whatever is there). Bytes that equal those that are
  // there change nothing.
  virtual Task<Object> update(Key key, Revision expected, std::string canonical_json,
                              Alongside more = {}) = 0;
  virtual Task<Object> remove(Key key, Revision expected, Alongside more = {}) = 0;  // its last state

  // By key: namespace, then name. `name_space` "": all. `at` 0: the newest.
  virtual Task<ListPage> list(const schema::Resource& resource, std::string name_space, std::size_t limit = 0,
                              std::string after_key = {}, Revision at = 0) = 0;
  virtual Task<std::uint64_t> count(const schema::Resource& resource, std::string name_space,
                                    std::string after_key = {}, Revision at = 0) = 0;
  // Changes after `from`; 0: from now on. Invalid: a revision of the future.
  virtual Task<std::unique_ptr<Changes>> watch(const schema::Resource& resource, std::string name_space,
                                               Revision from = 0) = 0;
  virtual Task<Revision> newest() = 0;

  virtual const schema::Schema& schema() const = 0;
  // By group and plural, in the stored version: {"rbac.authorization.k8s.io", "roles"}. ENSUREs that it is
  // there.
  virtual const schema::Resource& resource(std::string_view group, std::string_view plural) const = 0;
};

}  // namespace podo::objects
