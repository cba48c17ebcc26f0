#include "cluster/objects/store_objects.h"

#include "base/core/ensure.h"

namespace podo::objects {
namespace {

// Heartbeats must not wear out a disk, and nobody misses the last second of the events.
store::Durability durability_of(const schema::Resource& resource) {
  if (resource.kind == "Lease") return store::Durability::memory;
  if (resource.kind == "Event") return store::Durability::relaxed;
  return store::Durability::durable;
}

store::Condition unless_changed(const std::string& key, Revision expected) {
  return expected == 0 ? store::present(key) : store::unchanged_since(key, expected);
}

Failure why_not(const Key& key, const Object& there, Revision expected) {
  if (!there) return not_found("{} \"{}\" not found", key.resource->plural, key.name);
  if (expected != 0 && there.revision() != expected)
    return conflict("{} \"{}\" is at revision {} and no more at {}", key.resource->plural, key.name,
                    there.revision(), expected);
  return conflict("what {} \"{}\" rests on has changed", key.resource->plural, key.name);
}

store::Range range_of(const schema::Resource& resource, std::string_view name_space, std::string after_key) {
  store::Range range = store::Range::prefix(prefix_of(resource, name_space));
  if (!after_key.empty()) range.from = std::move(after_key) + '\0';
  return range;
}

}  // namespace

// What came of a change to one key.
struct StoreObjects::Committed {
  bool met = false;
  Revision revision = 0;
  Object object;  // as it is now, or was when it was erased; not met: what is there instead
};

// The first operation is the one on the key itself, and `otherwise` reads it.
Task<StoreObjects::Committed> StoreObjects::commit(const Key& key, store::Transaction transaction,
                                                   Alongside more) {
  transaction.durability = durability_of(*key.resource);
  transaction.otherwise.push_back(store::read(store::Range::key(key.to_text())));
  for (store::Condition& condition : more.conditions) transaction.conditions.push_back(std::move(condition));
  for (store::Operation& operation : more.then) transaction.then.push_back(std::move(operation));
  store::Outcome outcome = co_await store_.commit(std::move(transaction));
  Committed done{.met = outcome.met, .revision = outcome.revision, .object = {}};
  if (!outcome.replies.empty() && !outcome.replies[0].entries.empty())
    done.object = Object(outcome.replies[0].entries[0]);
  co_return done;
}

Task<std::optional<Object>> StoreObjects::find(Key key, Revision at) {
  std::optional<store::Entry> entry = co_await store_.find(key.to_text(), at);
  if (!entry) co_return std::nullopt;
  co_return Object(*std::move(entry));
}

Task<Object> StoreObjects::create(Key key, std::string canonical_json, Alongside more) {
  const std::string at = key.to_text();
  std::string value = co_await Object::encode(canonical_json);
  Committed done = co_await commit(
      key, {.conditions = {store::absent(at)}, .then = {store::put(at, std::move(value))}}, std::move(more));
  if (done.met) co_return std::move(done.object);
  if (done.object) co_return already_exists("{} \"{}\" already exists", key.resource->plural, key.name);
  co_return conflict("what {} \"{}\" rests on has changed", key.resource->plural, key.name);
}

Task<Object> StoreObjects::update(Key key, Revision expected, std::string canonical_json, Alongside more) {
  const std::string at = key.to_text();
  std::string value = co_await Object::encode(canonical_json);
  std::optional<store::Entry> there = co_await store_.find(at);
  const bool is_same = there && (expected == 0 || there->modified() == expected) && there->value() == value;
  if (is_same && more.conditions.empty() && more.then.empty()) co_return Object(*std::move(there));
  store::Transaction change{.conditions = {unless_changed(at, is_same ? there->modified() : expected)}};
  if (is_same) change.then = {store::read(store::Range::key(at))};
  else change.then = {store::put(at, std::move(value))};
  Committed done = co_await commit(key, std::move(change), std::move(more));
  if (!done.met) co_return why_not(key, done.object, expected);
  co_return std::move(done.object);
}

Task<Object> StoreObjects::remove(Key key, Revision expected, Alongside more) {
  const std::string at = key.to_text();
  Committed done = co_await commit(
      key, {.conditions = {unless_changed(at, expected)}, .then = {store::erase(store::Range::key(at))}},
      std::move(more));
  if (!done.met) co_return why_not(key, done.object, expected);
  co_return Object(done.object.entry(), done.revision);
}

Task<ListPage> StoreObjects::list(const schema::Resource& resource, std::string name_space, std::size_t limit,
                                  std::string after_key, Revision at) {
  store::Page page = co_await store_.range(range_of(resource, name_space, std::move(after_key)), limit, at);
  ListPage list;
  list.more = page.more;
  list.revision = at != 0 ? at : page.revision;
  list.objects.reserve(page.entries.size());
  for (store::Entry& entry : page.entries) list.objects.emplace_back(std::move(entry));
  if (!list.objects.empty()) list.last_key = list.objects.back().entry().key();
  co_return list;
}

Task<std::uint64_t> StoreObjects::count(const schema::Resource& resource, std::string name_space,
                                        std::string after_key, Revision at) {
  co_return co_await store_.count(range_of(resource, name_space, std::move(after_key)), at);
}

Task<std::unique_ptr<Changes>> StoreObjects::watch(const schema::Resource& resource, std::string name_space,
                                                   Revision from) {
  const Revision shown = co_await newest();
  if (from > shown) co_return invalid("revision {} is in the future: the newest is {}", from, shown);
  std::unique_ptr<Follower> follower =
      feeds_.follow(prefix_of(resource), prefix_of(resource, name_space), from != 0 ? from : shown);
  co_await follower->begin();
  co_return std::unique_ptr<Changes>(std::move(follower));
}

Task<Revision> StoreObjects::newest() {
  const store::Status status = co_await store_.status();
  co_return status.revision;
}

const schema::Resource& StoreObjects::resource(std::string_view group, std::string_view plural) const {
  const schema::Resource* found = nullptr;
  for (const schema::GroupVersion& version : schema_.group_versions()) {
    if (version.group != group) continue;
    for (const schema::Resource& resource : version.resources)
      if (resource.plural == plural) found = &resource;
  }
  ENSURE(found != nullptr);
  return storage_of(schema_, *found);
}

std::unique_ptr<Objects> Objects::make(io::Loop& loop, store::Store& store, const schema::Schema& schema) {
  return std::make_unique<StoreObjects>(loop, store, schema);
}

std::vector<std::string> Objects::sealed_prefixes() { return {"/core/secrets/"}; }

std::vector<std::string> Objects::not_durable_prefixes(const schema::Schema& schema) {
  std::vector<std::string> prefixes;
  for (const schema::GroupVersion& version : schema.group_versions())
    for (const schema::Resource& resource : version.resources)
      if (durability_of(resource) != store::Durability::durable) prefixes.push_back(prefix_of(resource));
  std::ranges::sort(prefixes);
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  return prefixes;
}

}  // namespace podo::objects
