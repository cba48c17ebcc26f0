// The parser behind json::parse. Private to base/format.
//
// No recursion: the containers that are still open are a stack of their own, and the children gathered for them wait
// in `pending_` until their container is closed and they move to the arena side by side.
// The text ends with a NUL (std::string's), which is legal nowhere in JSON: loops stop there without a bounds check.
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

 private:
  struct Open {
    std::size_t first;  // in pending_
    bool object;
  };

  // Each answers false when the text is wrong, with problem_ told.
  bool text();
  bool value();                            // a scalar whole, or the opening of a container
  bool open(bool object);
  bool key();                              // with its colon
  bool go_on();                            // after a value: everything that closes here, or the comma
  bool close();
  bool word(std::string_view word, Kind kind, std::uint32_t truth);
  bool number();
  bool digits();
  bool string();
  bool escaped_string(const char* start);  // json_string.cpp, as are the next two
  bool escape();
  std::optional<std::uint32_t> four_hex();
  bool plain_part();
  bool keys_differ(const Node* members, std::size_t count);
  bool big_keys_differ(const Node* members, std::size_t count);

  bool push(Kind kind, const char* start, const char* end);
  bool add(Node node);
  std::uint32_t place_of(const char* at) const { return static_cast<std::uint32_t>(at - begin_); }

  bool expected(std::string_view what);                        // at at_
  bool wrong(const char* where, std::string message);
  bool repeated(const Node& key);
  std::string found() const;                                   // what stands at at_

  std::unique_ptr<Arena> arena_;
  Limits limits_;
  const char* begin_;
  const char* at_;
  const char* end_;
  std::vector<Node> pending_;
  std::vector<Open> open_;
  std::uint32_t values_ = 0;
  bool opened_ = false;        // value() has opened a container that is not empty: its first value comes next
  std::string problem_;
};

}  // namespace podo::json
