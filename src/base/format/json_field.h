// A JSON value with the way to it, for decoders: what is missing or of the wrong kind is told with its path.
//
//   const auto limit = TRY(root["linux"]["resources"]["pids"]["limit"].int64_or(0));
//   -> error: linux.resources.pids.limit: expected an integer, got the string "ten"
//
// null counts as absent (as in encoding/json, which wrote most of the world's config.json files). A
// member of an absent Field is absent too and keeps the path of what is missing first. A member asked
// of a value that cannot have members (a number, an array) is an error for every accessor, the `_or`
// ones too. A Field is a view like Value: the Document must outlive it.
#pragma once

#include "base/format/json_document.h"

namespace podo::json {

class Field {
 public:
  explicit Field(const Document& document) : document_(&document), value_(document.root()) {}
  bool present() const { return value_.present() && value_.kind() != Kind::null; }
  explicit operator bool() const { return present(); }
  Value value() const { return value_; }
  std::string path() const;

  Field operator[](std::string_view key) const;       // absent when there is none, or this is absent
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
  bool is_absent() const { return !present() && !misplaced_; }
  Failure expected(std::string_view what) const;

  const Document* document_;
  Value parent_;           // where it is or should have been; absent for the root
  Value value_;
  std::string_view key_;
  bool misplaced_ = false;  // parent_ is of a kind that has no such member
};

}  // namespace podo::json
