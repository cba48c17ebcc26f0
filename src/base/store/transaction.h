// Transaction: what is asked of a store, and what it answers. Values only.
//
//   Transaction claim{.conditions = {absent("pods/a")}, .then = {put("pods/a", bytes)}};
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/store/entry.h"

namespace podo::store {

// The keys k with from <= k, and k < to unless `to` is empty, which means no end.
struct Range {
  std::string from;
  std::string to;
  static Range key(std::string_view key);        // this one
  static Range prefix(std::string_view prefix);  // those that begin so; all for ""
  bool contains(std::string_view key) const { return key >= from && (to.empty() || key < to); }
  bool meets(const Range& other) const {  // whether a key can be in both
    return (to.empty() || other.from < to) && (other.to.empty() || from < other.to);
  }
  bool operator==(const Range&) const = default;
};

struct Condition {
  enum class Field : std::uint8_t { value, version, created, modified, lease };
  enum class Relation : std::uint8_t { equal, not_equal, less, greater };
  std::string key;
  Field field = Field::modified;
  Relation relation = Relation::equal;
  std::uint64_t number = 0;  // an absent key has 0 in every field, and no value: a condition on that is false
  std::string value = {};
};
Condition absent(std::string key);
Condition present(std::string key);
Condition unchanged_since(std::string key, Revision modified);

struct Operation {
  enum class Kind : std::uint8_t { put, erase, read };
  Kind kind;
  Range range;  // put: `from` is the key
  std::string value = {};
  LeaseId lease = 0;      // put: the key ends with it
  std::size_t limit = 0;  // read: so many entries at most; 0 is all
};
Operation put(std::string key, std::string value, LeaseId lease = 0);
Operation erase(Range range);
Operation read(Range range, std::size_t limit = 0);

// What an acknowledged change survives.
enum class Durability : std::uint8_t {
  durable,  // a power cut
  relaxed,  // the end of the process; a power cut may take the last second of them, never half a one
  memory,   // nothing: the key is gone when the store is opened again. What has a lease is always so.
};

// All of it or nothing: `then` when every condition holds, else `otherwise`. Operations act in their order; a
// read among them sees the changes before it. A key is written (put, or erased by a range) once at most.
struct Transaction {
  std::vector<Condition> conditions = {};
  std::vector<Operation> then = {};
  std::vector<Operation> otherwise = {};
  Durability durability = Durability::durable;
};

struct Page {
  Entries entries;        // by key
  bool more = false;      // the limit cut it
  Revision revision = 0;  // of the store when this was read
};

struct Outcome {
  bool met = false;           // the conditions held
  Revision revision = 0;      // of the change; with no change, of the store
  std::vector<Page> replies;  // one an operation: what was read; what a put wrote; what an erase removed
};

struct Limits {
  std::size_t key_bytes = 4096;
  std::size_t value_bytes = 3 << 20;
  std::size_t transaction_bytes = 8 << 20;  // keys and values of all it names, and the keys it erases
  std::size_t operations = 4096;            // in `then`, and in `otherwise`; so many conditions, too
  std::uint64_t store_bytes = UINT64_MAX;   // keys and values of the newest versions
};

// Fails with invalid, as commit() does.
Result<void> check(const Transaction& transaction, const Limits& limits);

}  // namespace podo::store
