// HTTP messages as values (RFC 9110): what server, client and every handler share, whatever the version of
// the protocol that carried them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/error.h"
#include "base/io/stream.h"

namespace podo::http {

using io::Task;

bool same_name(std::string_view a, std::string_view b);  // without regard to the case of letters

// Fields in the order they came; names compare without regard to case.
class Headers {
 public:
  struct Field {
    std::string name, value;
  };
  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  std::optional<std::string_view> find(std::string_view name) const;  // the first
  std::string_view get(std::string_view name) const;                  // the first, or ""
  // The comma-separated words of all fields of that name, in their order.
  std::vector<std::string_view> words(std::string_view name) const;
  bool has_word(std::string_view name, std::string_view word) const;  // without regard to case
  void add(std::string name, std::string value);
  void set(std::string name, std::string value);  // in place of all of that name
  void remove(std::string_view name);
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

// "Name: value\r\n" for each; what would end a line inside a value becomes a blank.
void append_fields(std::string& out, const Headers& headers);

// The query of a target, decoded ("%2F" -> '/', '+' -> ' '), in its order.
class Query {
 public:
  static Query parse(std::string_view text);                          // what stands behind the '?'
  std::optional<std::string_view> find(std::string_view name) const;  // the first
  std::string_view get(std::string_view name) const;                  // the first, or ""
  std::vector<std::string_view> all(std::string_view name) const;
  void add(std::string name, std::string value);
  std::string to_text() const;  // encoded; "" when empty
  auto begin() const { return pairs_.begin(); }
  auto end() const { return pairs_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

std::string percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);  // all but unreserved characters (RFC 3986 2.3)

std::string_view reason_of(int status);  // "Not Found"

// The bytes of a message's body as they come: read() as in io::Stream, 0 at the end. Fails with corrupt when
// the peer went away or broke the framing, exhausted over a limit.
class Body {
 public:
  virtual ~Body() = default;
  virtual Task<std::size_t> read(std::span<std::byte> into) = 0;
};
Task<std::string> read_all(Body& body, std::size_t bytes_max);  // more is exhausted
Task<void> discard(Body& body);

}  // namespace podo::http
