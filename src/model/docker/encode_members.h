// How a struct becomes the members of a JSON object that is open, as encoding/json with Docker's tags
// writes them. Private to model/docker.
//
//   member            what it is called there
//   member_or_null    Go's nil: null when there is nothing
//   member_if         `omitempty`: nothing at all
#pragma once

#include "model/docker/container_config.h"

namespace podo::docker {

using json::Writer;

inline void value(Writer& out, std::string_view of) { out.string(of); }
inline void value(Writer& out, const std::string& of) { out.string(of); }
inline void value(Writer& out, bool of) { out.boolean(of); }
inline void value(Writer& out, std::int64_t of) { out.number(of); }
inline void value(Writer& out, std::uint64_t of) { out.number(of); }
inline void value(Writer& out, std::uint32_t of) { out.number(of); }
inline void value(Writer& out, std::uint16_t of) { out.number(std::uint32_t{of}); }
inline void value(Writer& out, const std::map<std::string, bool>& of) {  // a set
  out.object();
  for (const auto& [key, unused] : of) out.key(key).object().end();
  out.end();
}
template <class T>
void value(Writer& out, const std::vector<T>& of);
template <class T>
void value(Writer& out, const std::map<std::string, T>& of);

template <class T>
void value(Writer& out, const std::vector<T>& of) {
  out.array();
  for (const auto& item : of) value(out, item);
  out.end();
}
template <class T>
void value(Writer& out, const std::map<std::string, T>& of) {
  out.object();
  for (const auto& [key, item] : of) {
    out.key(key);
    value(out, item);
  }
  out.end();
}

template <class T>
void member(Writer& out, std::string_view key, const T& of) {
  out.key(key);
  value(out, of);
}

template <class T>
bool is_nothing(const T& of) {
  if constexpr (requires { of.empty(); }) return of.empty();
  else return of == T{};
}
template <class T>
bool is_nothing(const std::optional<T>& of) {
  return !of;
}
template <class T>
const T& content(const T& of) {
  return of;
}
template <class T>
const T& content(const std::optional<T>& of) {
  return *of;
}

template <class T>
void member_or_null(Writer& out, std::string_view key, const T& of) {
  if (is_nothing(of)) out.key(key).null();
  else member(out, key, content(of));
}
template <class T>
void member_if(Writer& out, std::string_view key, const T& of) {
  if (!is_nothing(of)) member(out, key, content(of));
}

}  // namespace podo::docker
