// metadata.managedFields of an object that is being changed: read once, changed as sets, written back in
// place. Private to model/patch.
//
//   Managers managers(arena, object);
//   managers.take_from(metadata_of(before));     or start with what the object has
//   managers.put(by, set);                       ...
//   managers.write();
//
// Entries that did not change are not touched.
#pragma once

#include <vector>

#include "model/patch/apply.h"
#include "model/patch/path_set.h"

namespace podo::patch {

struct Entry {
  std::string_view name = {}, api_version = {}, subresource = {};
  bool applies = false;
  std::int64_t time_s = 0;     // 0: none
  json::Item* item = nullptr;  // null: new
  PathSet set = {};
  bool changed = false, gone = false;
};

// "" is no name: such managers are "unknown".
std::string_view name_of(const Manager& manager);
// managedFields that can be read: of known operations and fieldsType, with an apiVersion.
Result<std::vector<Entry>> read_managers(Arena& arena, json::Item& list);

class Managers {
 public:
  // The entries that the object itself has; none when they make no sense.
  Managers(Arena& arena, json::Item& object);

  bool empty() const;
  std::vector<Entry>& entries() { return entries_; }
  const std::vector<Entry>& entries() const { return entries_; }
  Entry* find(const Manager& manager);
  // Everybody's set gets smaller.
  void subtract_from_all(PathSet set, const Entry* except = nullptr);
  // The manager owns exactly these now; nothing: the entry goes.
  void put(const Manager& manager, PathSet set, bool touched);
  void limit_updates();
  void write();

 private:
  void write_entry(Entry& entry, json::Item& item);

  Arena& arena_;
  json::Item& object_;
  std::vector<Entry> entries_;
};

}  // namespace podo::patch
