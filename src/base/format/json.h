// JSON (RFC 8259): bytes become a Document of Values and back.
//
// Life:  parse(bytes) -> Document -> root() -> Value ... ; the Document owns the bytes and one arena of nodes, every
// Value is a view into it and must not outlive it. Strings are views (into the bytes where no escape had to be undone),
// numbers stay text until somebody asks for one kind of number, so nothing is lost.
// Full grammar: UTF-8 is checked, a lone surrogate escape, a duplicate key, a trailing byte are errors with line:column.
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
  std::size_t bytes_max = 16u << 20;
  std::uint32_t depth_max = 128;        // arrays and objects inside one another
  std::uint32_t values_max = 4'000'000;
};

struct Node;    // arena cell; json.cpp knows it
struct Member;

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
  Value find(std::string_view key) const;            // absent Value when there is none; linear up to 8 keys, then hashed

  // for (Value item : value.items()), for (auto [key, item] : value.members())
  class Items;
  class Members;
  Items items() const;
  Members members() const;

  friend bool operator==(const Value& a, const Value& b) { return a.node_ == b.node_; }  // the same place

 private:
  friend class Document;
  friend class Parser;
  explicit Value(const Node* node) : node_(node) {}
  const Node* node_ = nullptr;
};

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
  Document();
  struct Body;
  std::unique_ptr<Body> body_;
};

Result<Document> parse(std::string bytes, const Limits& limits = {});

// A value with the way to it, for decoders: what is missing or of the wrong kind is told with its path.
//   const auto limit = TRY(root["linux"]["resources"]["pids"]["limit"].int64_or(0));
//   -> error: linux.resources.pids.limit: expected an integer, got the string "ten"
// null counts as absent (as in encoding/json, which wrote most of the world's config.json files).
class Field {
 public:
  explicit Field(const Document& document) : document_(&document), value_(document.root()) {}
  bool present() const { return value_.present() && value_.kind() != Kind::null; }
  explicit operator bool() const { return present(); }
  Value value() const { return value_; }
  std::string path() const;

  Field operator[](std::string_view key) const;       // absent when there is none or this is absent
  Field operator[](std::size_t index) const;
  std::size_t size() const { return value_.size(); }

  // The kinds; absence is an error. `key` of a member Field: its own name.
  Result<std::string_view> string() const;
  Result<bool> boolean() const;
  Result<std::int64_t> int64() const;
  Result<std::uint64_t> uint64() const;
  Result<std::uint32_t> uint32() const;
  Result<double> number() const;
  Result<> array() const;                              // it is one (absent: error)
  Result<> object() const;
  std::string_view key() const { return key_; }

  // The same, but absence gives `otherwise`.
  Result<std::string_view> string_or(std::string_view otherwise) const;
  Result<bool> boolean_or(bool otherwise) const;
  Result<std::int64_t> int64_or(std::int64_t otherwise) const;
  Result<std::uint64_t> uint64_or(std::uint64_t otherwise) const;
  Result<std::uint32_t> uint32_or(std::uint32_t otherwise) const;

  Failure wrong(std::string_view what) const;          // Invalid: "process.cwd: must be absolute"

 private:
  Field(const Document* document, Value parent, Value value, std::string_view key)
      : document_(document), parent_(parent), value_(value), key_(key) {}
  const Document* document_;
  Value parent_;
  Value value_;
  std::string_view key_;
};

}  // namespace podo::json
