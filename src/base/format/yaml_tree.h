// One YAML document with its aliases still shared. Private to base/format.
//
// Nodes are made when they are complete, children before parents, so that a node knows how deep it is
// and how many bytes it takes as JSON: expansion is judged before anything is expanded, and nothing
// here is ever deeper than the limit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_document.h"
#include "base/format/yaml_scalar.h"

namespace podo::json {
class Writer;
}

namespace podo::yaml {

using NodeId = std::uint32_t;

class Tree {
 public:
  enum class Kind : std::uint8_t { null, literal, string, sequence, mapping };

  explicit Tree(const json::Limits& limits) : limits_(limits) {}

  Result<NodeId> add_scalar(const Scalar& scalar);
  Result<NodeId> add_sequence(std::span<const NodeId> items);
  Result<NodeId> add_mapping(std::span<const NodeId> keys_and_values);

  Kind kind(NodeId id) const { return nodes_[id].kind; }
  std::string_view text(NodeId id) const;                   // of a scalar; stable until the next add_scalar
  std::span<const NodeId> children(NodeId id) const;        // items, or key, value, key, value...
  std::string to_json(NodeId root) const;

 private:
  struct Node {
    Kind kind;
    std::uint32_t depth;
    std::uint32_t first, count;  // in texts_ or children_
    std::uint64_t bytes;         // as JSON, escapes not counted
  };
  Result<NodeId> add(Node node);
  Result<NodeId> add_container(Kind kind, std::span<const NodeId> children);
  void write(json::Writer& out, NodeId id) const;

  json::Limits limits_;
  std::vector<Node> nodes_;
  std::vector<NodeId> children_;
  std::string texts_;
};

}  // namespace podo::yaml
