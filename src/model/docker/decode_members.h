// How a JSON object becomes a struct, the way encoding/json does it. Private to model/docker.
//
//   void members(Members& of, Ulimit& to) {
//     of.may("Name", to.name).may("Soft", to.soft).may("Hard", to.hard);
//   }
//
// Members keeps the first error and skips everything after it. A name is looked for as it is written,
// then without regard to case. What is absent (or null) leaves its target as it was. Strings with a NUL
// are refused: the kernel would cut them there, and what was checked would not be what is used.
#pragma once

#include "model/docker/container_config.h"

namespace podo::docker {

using json::Field;

// The member of `of` that encoding/json would take for `key`.
Field member(const Field& of, std::string_view key);

// `from` is present.
Result<> read(const Field& from, std::string& to);
Result<> read(const Field& from, bool& to);
Result<> read(const Field& from, std::int64_t& to);
Result<> read(const Field& from, std::uint64_t& to);
Result<> read(const Field& from, std::uint32_t& to);
Result<> read(const Field& from, std::uint16_t& to);
Result<> read(const Field& from, std::array<std::uint32_t, 2>& to);
Result<> read(const Field& from,
              std::map<std::string, bool>& to);  // a set: what the values are means nothing
Result<> read_command(const Field& from, std::optional<Strings>& to);  // a list, or one string
template <class T>
Result<> read(const Field& from, std::optional<T>& to);
template <class T>
Result<> read(const Field& from, std::vector<T>& to);
template <class T>
Result<> read(const Field& from, std::map<std::string, T>& to);
template <class T>
Result<> read(const Field& from, T& to);  // an object, by members()

class Members {
 public:
  explicit Members(const Field& from) : from_(from) {
    if (auto object = from.object(); !object) problem_ = std::move(object).error();
  }

  template <class T>
  Members& may(std::string_view key, T& to) {
    if (problem_) return *this;
    if (const Field field = member(from_, key)) keep(read(field, to));
    return *this;
  }
  Members& may_command(std::string_view key, std::optional<Strings>& to) {
    if (problem_) return *this;
    if (const Field field = member(from_, key)) keep(read_command(field, to));
    return *this;
  }
  Result<> result() && {
    if (problem_) return Failure(*std::move(problem_));
    return {};
  }

 private:
  void keep(Result<> done) {
    if (!done) problem_ = std::move(done).error();
  }

  Field from_;
  std::optional<Error> problem_;
};

// The members of Resources, for the two objects that contain them.
void members(Members& of, Resources& to);
void members(Members& of, RestartPolicy& to);

template <class T>
Result<> read(const Field& from, std::optional<T>& to) {
  return read(from, to.emplace());
}

// An item that is null is what T is by default, as in Go.
template <class T>
Result<> read(const Field& from, std::vector<T>& to) {
  TRY(from.array());
  to.resize(from.size());
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (const Field item = from[i]) TRY(read(item, to[i]));
  }
  return {};
}

template <class T>
Result<> read(const Field& from, std::map<std::string, T>& to) {
  TRY(from.object());
  for (const auto [key, value] : from.value().members()) {
    if (key.find('\0') != key.npos) return from.wrong("has a key with a NUL character");
    T& entry = to[std::string(key)];
    if (const Field field = from[key]) TRY(read(field, entry));
  }
  return {};
}

template <class T>
Result<> read(const Field& from, T& to) {
  Members of(from);
  members(of, to);
  return std::move(of).result();
}

}  // namespace podo::docker
