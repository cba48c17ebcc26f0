// What a Document is made of: the text, eight bytes a node, and the little that cannot be a view of the text.
// Private to base/format.
//
//   array      := node[size]
//   object     := (key value)[size]            key: a string node
//   big_object := header (key value)[size]     more than linear_max members; header.place -> order
//   order      := member index:u32 [size]      sorted by key, in Arena::order
//   unescaped  := (place of the opening quote:u32 bytes)*      strings that were written with escapes
//
// A container's children stand side by side, behind the children of everything before it in the text
// (post-order); the root is the last node.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_document.h"

namespace podo::json {

struct Node {
  std::uint32_t place;        // string, number: its first byte; container: its first child
  std::uint32_t size : 28;    // string, number: bytes; container: items or members; boolean: 0 or 1
  std::uint32_t outside : 1;  // the string is in Arena::unescaped
  std::uint32_t kind_bits : 3;
  Kind kind() const { return static_cast<Kind>(kind_bits); }
};
static_assert(sizeof(Node) == 8);

constexpr std::size_t text_bytes_max = (1u << 28) - 1;  // what Node::size can hold
constexpr std::size_t linear_max = 16;                  // up to here, looking at every key beats being clever

struct Arena {
  std::string text;
  std::string unescaped;
  std::vector<Node> nodes;
  std::vector<std::uint32_t> order;

  std::string_view string(const Node& node) const {
    return {(node.outside ? unescaped : text).data() + node.place, node.size};
  }
};

// Length first: most keys differ there, and only equality and some fixed order matter.
inline bool key_before(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// Of a number's text; absent when it is not one of that range.
std::optional<std::int64_t> int64_of(std::string_view number);
std::optional<double> double_of(std::string_view number);

// One step of a path that people read: `.key`, `key` at the beginning, `["odd key"]`.
void append_key(std::string& path, std::string_view key);

}  // namespace podo::json
