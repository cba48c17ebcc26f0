// JSON (RFC 8259): bytes become a Document of Values and back.
//
// Life:  parse(bytes) -> Document -> root() -> Value ... ; the Document owns the bytes and one arena of
// nodes, every Value is a view into it and must not outlive it. Strings are views (into the bytes where
// no escape had to be undone), numbers stay text until somebody asks for one kind of number, so nothing
// is lost. Eight bytes a node keep a document at about twice its text.
//
// Full grammar: UTF-8 is checked; a lone surrogate escape, a duplicate key, a trailing byte are Invalid
// errors: `line 3, column 14: found ',', expected a value`.
// A Document is immutable and may be read from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::json {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
std::string_view name_of(Kind kind);  // "null", "boolean", ...

struct Limits {
  std::size_t bytes_max = 16u << 20;    // and never more than 256 MiB
  std::uint32_t depth_max = 128;        // arrays and objects inside one another
  std::uint32_t values_max = 4'000'000;
};

struct Arena;   // the text and the nodes; json_arena.h
struct Node;
struct Member;  // below

// A view of one value. Default-constructed: no value ("absent"); present() tells.
class Value {
 public:
  Value() = default;
  bool present() const { return node_ != nullptr; }
  Kind kind() const;                       // absent counts as null
  bool is(Kind k) const { return present() && kind() == k; }

  // Each is meaningful for its kind only, and ENSUREs it.
  bool boolean() const;
  std::string_view string() const;
  std::string_view number() const;         // as written: "1e3", "-0", "18446744073709551615"

  // The number as a machine type; absent when it is not a number of that range (1.0 and 1e3 are whole).
  std::optional<std::int64_t> as_int64() const;
  std::optional<std::uint64_t> as_uint64() const;
  std::optional<double> as_double() const;

  // Arrays and objects (0 for others). Members keep the order of the text.
  std::size_t size() const;
  Value at(std::size_t index) const;                 // item, or the member's value
  std::string_view key(std::size_t index) const;     // member's key
  // Absent when there is none; up to 16 keys linear, then by halves.
  Value find(std::string_view key) const;

  // for (Value item : value.items()), for (auto [key, item] : value.members())
  class Items;
  class Members;
  Items items() const;
  Members members() const;

  friend bool operator==(const Value& a, const Value& b) { return a.node_ == b.node_; }  // the same place

 private:
  friend class Document;
  Value(const Arena* arena, const Node* node) : arena_(arena), node_(node) {}
  const Arena* arena_ = nullptr;
  const Node* node_ = nullptr;
};

struct Member {
  std::string_view key;
  Value value;
};

class Value::Items {
 public:
  struct Iterator {
    Value list;
    std::size_t index;
    Value operator*() const { return list.at(index); }
    Iterator& operator++() { ++index; return *this; }
    bool operator==(const Iterator& other) const { return index == other.index; }
  };
  explicit Items(Value list) : list_(list) {}
  Iterator begin() const { return {list_, 0}; }
  Iterator end() const { return {list_, list_.size()}; }

 private:
  Value list_;
};

class Value::Members {
 public:
  struct Iterator {
    Value list;
    std::size_t index;
    Member operator*() const { return {list.key(index), list.at(index)}; }
    Iterator& operator++() { ++index; return *this; }
    bool operator==(const Iterator& other) const { return index == other.index; }
  };
  explicit Members(Value list) : list_(list) {}
  Iterator begin() const { return {list_, 0}; }
  Iterator end() const { return {list_, list_.size()}; }

 private:
  Value list_;
};

inline Value::Items Value::items() const { return Items(*this); }
inline Value::Members Value::members() const { return Members(*this); }

class Document {
 public:
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();
  Value root() const;
  std::size_t memory_bytes() const;                   // text + arena
  std::string path_of(Value value) const;             // "process.args[2]"; "" for the root. Slow: for errors.

 private:
  friend class Parser;
  explicit Document(std::unique_ptr<Arena> arena);
  std::unique_ptr<Arena> arena_;
};

Result<Document> parse(std::string bytes, const Limits& limits = {});

}  // namespace podo::json
