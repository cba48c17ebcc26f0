// The parser behind json::parse. Private to base/format.
//
// No recursion: the containers that are still open are a stack of their own, and the children gathered
// for them wait in `pending_` until their container is closed and they move to the arena side by side.
// The text ends with a NUL (std::string's), which is legal nowhere in JSON: loops stop there without a
// bounds check.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/format/json_arena.h"

namespace podo::json {

class Parser {
 public:
  Parser(std::string bytes, const Limits& limits);
  Result<Document> parse();
  // For who makes something else of the nodes.
  struct Nodes {
    std::unique_ptr<Arena> arena;
    std::size_t values;
    bool repeated;  // an object has a key twice
  };
  enum class Repeated : bool { refused, allowed };
  Result<Nodes> parse_nodes(Repeated keys);

 private:
  struct Open {
    std::size_t first;  // in pending_
    bool object;
  };

  // Each reads from `at` and answers where it ends, or nullptr with problem_ told: a cursor that stays
  // in a register halves the time of a member `at_`.
  const char* text(const char* at);
  const char* value(const char* at);       // a scalar whole, or the opening of a container
  const char* open(const char* at, bool object);
  const char* key(const char* at);         // with its colon
  const char* go_on(const char* at);       // after a value: everything that closes here, or the comma
  const char* word(const char* at, std::string_view word, Kind kind, std::uint32_t truth);
  const char* number(const char* at);
  const char* digits(const char* at);
  [[gnu::always_inline]] const char* string(const char* at);
  const char* escaped_string(const char* start, const char* at);  // these four: json_parse_string.cpp
  const char* escape(const char* at);
  const char* four_hex(const char* at, std::uint32_t& value);
  const char* part(const char* at);
  bool close();
  bool keys_differ(const Node* members, std::size_t count);
  bool big_keys_differ(const Node* members, std::size_t count);

  [[gnu::always_inline]] void add(std::size_t place, std::size_t size, Kind kind, bool outside = false) {
    pending_.push_back({static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(size), outside,
                        static_cast<std::uint32_t>(kind)});
  }
  std::size_t place_of(const char* at) const { return static_cast<std::size_t>(at - begin_); }

  const char* expected(const char* at, std::string_view what);  // these four: json_problem.cpp
  const char* wrong(const char* at, std::string message);
  bool repeated(const Node& key);  // whether it may
  std::string found(const char* at) const;

  std::unique_ptr<Arena> arena_;
  Limits limits_;
  const char* begin_;
  const char* end_;
  std::vector<Node> pending_;
  std::vector<Open> open_;
  std::size_t values_ = 0;
  Repeated keys_ = Repeated::refused;
  bool repeated_ = false;
  bool opened_ = false;  // value() has opened a container that is not empty: its first value comes next
  std::string problem_;
};

}  // namespace podo::json
