// What a Tree is made of: chunks that items and copied strings are cut from, the text that was parsed, and
// indexes of large objects. Private to base/format.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/format/json_parser.h"
#include "base/format/json_tree.h"

namespace podo::json {

constexpr std::size_t index_from = 32;  // members

struct TreeArena {
  using Index = std::unordered_map<std::string_view, Item*>;

  std::unique_ptr<Arena> parsed;  // text and unescaped only
  std::vector<std::unique_ptr<char[]>> chunks;
  std::unordered_map<const Item*, Index> indexes;
  char* free = nullptr;
  std::size_t free_bytes = 0;
  std::size_t next_chunk_bytes = 512;
  std::size_t taken_bytes = 0;
  Item root;

  TreeArena() { root.arena_ = this; }

  Item& make();
  std::string_view keep(std::string_view text);
  void reserve(std::size_t bytes);

  Index& index_of(const Item& object);
  void forget(Item& object);  // its index

  // The items of parsed nodes; the first keeps no look out for keys that come twice.
  Item& build(Parser::Nodes nodes);
  Item& build_once(Parser::Nodes nodes, std::vector<std::string>& duplicates);

 private:
  struct Open;
  void take(Parser::Nodes& nodes);
  void fill(Item& item, const Node& node);
};

}  // namespace podo::json
