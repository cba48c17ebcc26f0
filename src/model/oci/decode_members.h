// How a JSON object becomes a struct. Private to model/oci.
//
//   void members(Members& of, Rlimit& to) { of.must("type", to.type).must("soft", to.soft).must("hard",
//   to.hard); }
//
// Members keeps the first error and skips everything after it. What is absent (or null) leaves its target as
// it was. Strings with a NUL are refused: the kernel would cut them there, and what was checked would not be
// what is used.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/format/json.h"
#include "model/oci/spec.h"

namespace podo::oci {

using json::Field;

// `from` is present.
Result<> read(const Field& from, std::string& to);
Result<> read(const Field& from, bool& to);
Result<> read(const Field& from, std::int64_t& to);
Result<> read(const Field& from, std::uint64_t& to);
Result<> read(const Field& from, std::uint32_t& to);
Result<> read(const Field& from, std::uint16_t& to);
Result<> read(const Field& from, StringMap& to);
Result<> read(const Field& from, std::map<std::string, std::string>& to);  // null is ""
Result<> read(const Field& from, std::map<std::string, bool>& to);         // a set: {"80/tcp": {}}
Result<> read(const Field& from, std::vector<NetDevice>& to);              // in JSON maps, keyed by the name
Result<> read(const Field& from, std::vector<RdmaLimit>& to);
template <class T>
Result<> read(const Field& from, std::optional<T>& to);
template <class T>
Result<> read(const Field& from, std::vector<T>& to);
template <class T>
Result<> read(const Field& from, T& to);  // an object, by members()

class Members {
 public:
  explicit Members(const Field& from) : from_(from) {
    if (auto object = from.object(); !object) problem_ = std::move(object).error();
  }

  template <class T>
  Members& may(std::string_view key, T& to) {
    if (!problem_) take(from_[key], to);
    return *this;
  }
  template <class T>
  Members& may(std::string_view outer, std::string_view key, T& to) {
    if (!problem_ && from_[outer]) {
      Members inner(from_[outer]);
      problem_ = std::move(inner.may(key, to).problem_);
    }
    return *this;
  }
  template <class T>
  Members& must(std::string_view key, T& to) {
    if (!problem_ && !from_[key]) problem_ = from_[key].wrong("is required").error();
    return may(key, to);
  }
  Result<> result() && {
    if (problem_) return Failure(*std::move(problem_));
    return {};
  }

 private:
  template <class T>
  void take(const Field& field, T& to) {
    if (!field) return;
    if (auto done = read(field, to); !done) problem_ = std::move(done).error();
  }

  Field from_;
  std::optional<Error> problem_;
};

template <class T>
Result<> read(const Field& from, std::optional<T>& to) {
  return read(from, to.emplace());
}

template <class T>
Result<> read(const Field& from, std::vector<T>& to) {
  TRY(from.array());
  to.resize(from.size());
  for (std::size_t i = 0; i < to.size(); ++i) TRY(read(from[i], to[i]));
  return {};
}

template <class T>
Result<> read(const Field& from, T& to) {
  Members of(from);
  members(of, to);
  return std::move(of).result();
}

}  // namespace podo::oci
