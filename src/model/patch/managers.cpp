#include "model/patch/managers.h"

#include <algorithm>

#include "model/schema/instant.h"

namespace podo::patch {

using json::Item;
using json::Kind;

namespace {

constexpr std::size_t updates_max = 10;
constexpr std::string_view oldest = "ancient-changes";

bool same_manager(const Entry& a, const Entry& b) {
  return a.applies == b.applies && a.name == b.name && a.subresource == b.subresource &&
         (a.applies || a.api_version == b.api_version);
}

Entry entry_of(const Manager& manager) {
  return {.name = name_of(manager),
          .api_version = manager.api_version,
          .subresource = manager.subresource,
          .applies = manager.applies};
}

std::string_view text_at(const Item& item, std::string_view name) {
  const Item* const found = item.find(name);
  return found != nullptr ? found->string_or("") : std::string_view();
}

Result<Entry> read_entry(Arena& arena, Item& item) {
  const std::string_view operation = text_at(item, "operation");
  if (operation != "Apply" && operation != "Update") {
    return invalid("operation must be `Apply` or `Update`");
  }
  Entry entry{.name = text_at(item, "manager"),
              .api_version = text_at(item, "apiVersion"),
              .subresource = text_at(item, "subresource"),
              .applies = operation == "Apply",
              .item = &item};
  if (entry.api_version.empty()) return invalid("apiVersion must not be empty");
  if (text_at(item, "fieldsType") != "FieldsV1") return invalid("invalid fieldsType");
  if (const auto time = schema::parse_instant(text_at(item, "time"), schema::Precision::seconds)) {
    entry.time_s = time->seconds;
  }
  const Item* const fields = item.find("fieldsV1");
  if (fields != nullptr && !fields->is(Kind::null)) entry.set = TRY(read_fields(arena, *fields));
  return entry;
}

// As upstream orders entries: those that apply first, the oldest first.
bool stands_before(const Entry& a, const Entry& b) {
  if (a.applies != b.applies) return a.applies;
  if (a.time_s != b.time_s) return a.time_s < b.time_s;
  if (a.name != b.name) return a.name < b.name;
  if (a.api_version != b.api_version) return a.api_version < b.api_version;
  return a.subresource < b.subresource;
}

}  // namespace

std::string_view name_of(const Manager& manager) {
  return manager.name.empty() ? std::string_view("unknown") : manager.name;
}

Result<std::vector<Entry>> read_managers(Arena& arena, Item& list) {
  std::vector<Entry> entries;
  for (Item* i = list.first(); i != nullptr; i = i->next()) {
    Entry entry = TRY(read_entry(arena, *i));
    std::erase_if(entries, [&](const Entry& other) { return same_manager(other, entry); });
    entries.push_back(entry);
  }
  return entries;
}

Managers::Managers(Arena& arena, Item& object) : arena_(arena), object_(object) {
  Item* const list = object.find("metadata", "managedFields");
  if (list == nullptr || !list->is(Kind::array)) return;
  if (auto read = read_managers(arena, *list)) entries_ = *std::move(read);
}

bool Managers::empty() const { return std::ranges::all_of(entries_, &Entry::gone); }

Entry* Managers::find(const Manager& manager) {
  const Entry wanted = entry_of(manager);
  for (Entry& entry : entries_) {
    if (!entry.gone && same_manager(entry, wanted)) return &entry;
  }
  return nullptr;
}

void Managers::subtract_from_all(PathSet set, const Entry* except) {
  if (set.empty()) return;
  for (Entry& entry : entries_) {
    if (entry.gone || &entry == except) continue;
    const PathSet left = subtract(arena_, entry.set, set);
    if (equal(left, entry.set)) continue;
    entry.set = left;
    entry.changed = true;
    entry.gone = left.empty();
  }
}

void Managers::put(const Manager& manager, PathSet set, bool touched) {
  Entry* entry = find(manager);
  if (set.empty()) {
    if (entry != nullptr) entry->gone = true;
    return;
  }
  if (entry == nullptr) {
    entry = &entries_.emplace_back(entry_of(manager));
    touched = true;
  } else if (entry->api_version != manager.api_version || !equal(entry->set, set)) {
    touched = true;
  }
  if (!touched) return;
  entry->api_version = manager.api_version;
  entry->set = set;
  entry->changed = true;
  entry->time_s = manager.at.ns / 1'000'000'000;
}

// The oldest Update entries of one version become one, until few enough are left.
void Managers::limit_updates() {
  std::vector<Entry*> updates;
  for (Entry& entry : entries_) {
    if (!entry.gone && !entry.applies) updates.push_back(&entry);
  }
  if (updates.size() <= updates_max) return;
  std::ranges::stable_sort(updates, [](const Entry* a, const Entry* b) { return stands_before(*a, *b); });
  std::size_t left = updates.size();
  std::vector<Entry*> buckets;  // the first of each version
  for (Entry* const entry : updates) {
    if (left <= updates_max) return;
    const auto found = std::ranges::find(buckets, entry->api_version, &Entry::api_version);
    if (found == buckets.end()) {
      buckets.push_back(entry);
      continue;
    }
    Manager ancient;
    ancient.name = oldest;
    ancient.api_version = entry->api_version;
    Entry* const known = find(ancient);
    Entry& bucket = known != nullptr && known != entry ? *known : **found;
    bucket.name = oldest;
    bucket.subresource = {};
    bucket.set = unite(arena_, bucket.set, entry->set);
    bucket.time_s = entry->time_s;
    bucket.changed = true;
    entry->gone = true;
    --left;
  }
}

void Managers::write_entry(Entry& entry, Item& item) {
  const auto put_text = [&](std::string_view name, std::string_view value) {
    if (value.empty()) item.remove(name);
    else if (text_at(item, name) != value) item.member(name).set_string(value);
  };
  put_text("manager", entry.name);
  put_text("operation", entry.applies ? "Apply" : "Update");
  put_text("apiVersion", entry.api_version);
  if (entry.time_s != 0) { put_text("time", schema::text_of({entry.time_s, 0}, schema::Precision::seconds)); }
  put_text("fieldsType", "FieldsV1");
  write_fields(item.member("fieldsV1"), entry.set);
  put_text("subresource", entry.subresource);
}

void Managers::write() {
  std::erase_if(entries_, [](const Entry& entry) { return entry.gone; });
  Item* const metadata = object_.find("metadata");
  if (entries_.empty()) {
    if (metadata != nullptr) metadata->remove("managedFields");
    return;
  }
  std::ranges::stable_sort(entries_, stands_before);
  Item& list = object_.member("metadata").member("managedFields");
  if (!list.is(Kind::array)) list.set_array();
  std::vector<Item*> order;
  for (Entry& entry : entries_) {
    Item& item = entry.item != nullptr ? *entry.item : list.append();
    if (entry.item == nullptr) item.set_object();
    if (entry.changed) write_entry(entry, item);
    order.push_back(&item);
  }
  list.arrange(order);
}

}  // namespace podo::patch
