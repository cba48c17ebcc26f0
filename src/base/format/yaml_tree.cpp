#include "base/format/yaml_tree.h"

#include <algorithm>

#include "base/format/json_writer.h"

namespace podo::yaml {

Result<NodeId> Tree::add(Node node) {
  if (node.depth > limits_.depth_max)
    return invalid("lists and maps lie more than {} deep", limits_.depth_max);
  if (node.bytes > limits_.bytes_max)
    return invalid("the text grows over its limit of bytes here ({} are left)", limits_.bytes_max);
  if (nodes_.size() >= limits_.values_max) return invalid("more than {} values", limits_.values_max);
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

Result<NodeId> Tree::add_scalar(const Scalar& scalar) {
  const bool string = scalar.kind == Scalar::Kind::string;
  const Kind kind = string ? Kind::string : scalar.kind == Scalar::Kind::null ? Kind::null : Kind::literal;
  const auto first = static_cast<std::uint32_t>(texts_.size());
  texts_ += scalar.text;
  return add({kind, 0, first, static_cast<std::uint32_t>(scalar.text.size()),
              scalar.text.size() + (string ? 2 : 0)});
}

Result<NodeId> Tree::add_sequence(std::span<const NodeId> items) {
  return add_container(Kind::sequence, items);
}
Result<NodeId> Tree::add_mapping(std::span<const NodeId> members) {
  return add_container(Kind::mapping, members);
}

Result<NodeId> Tree::add_container(Kind kind, std::span<const NodeId> children) {
  Node node{kind, 1, static_cast<std::uint32_t>(children_.size()),
            static_cast<std::uint32_t>(children.size()), 2};
  for (const NodeId child : children) {
    node.depth = std::max(node.depth, nodes_[child].depth + 1);
    node.bytes += nodes_[child].bytes + 1;  // and its comma or colon
  }
  children_.insert(children_.end(), children.begin(), children.end());
  return add(node);
}

std::string_view Tree::text(NodeId id) const {
  return std::string_view(texts_).substr(nodes_[id].first, nodes_[id].count);
}

std::span<const NodeId> Tree::children(NodeId id) const {
  return std::span(children_).subspan(nodes_[id].first, nodes_[id].count);
}

// Recursion as deep as the limit on depth allows, which add() has kept.
void Tree::write(json::Writer& out, NodeId id) const {
  switch (kind(id)) {
    case Kind::null:
    case Kind::literal: out.raw(text(id)); break;
    case Kind::string: out.string(text(id)); break;
    case Kind::sequence:
      out.array();
      for (const NodeId item : children(id)) write(out, item);
      out.end();
      break;
    case Kind::mapping: {
      out.object();
      const auto members = children(id);
      for (std::size_t i = 0; i < members.size(); i += 2) write(out.key(text(members[i])), members[i + 1]);
      out.end();
    }
  }
}

std::string Tree::to_json(NodeId root) const {
  json::Writer out;
  write(out, root);
  return out.take();
}

}  // namespace podo::yaml
