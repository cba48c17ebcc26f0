#include <algorithm>

#include "base/core/ensure.h"
#include "base/format/json_arena.h"

namespace podo::json {

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::null: return "null";
    case Kind::boolean: return "boolean";
    case Kind::number: return "number";
    case Kind::string: return "string";
    case Kind::array: return "array";
    case Kind::object: return "object";
  }
  return "";
}

Kind Value::kind() const { return node_ ? node_->kind() : Kind::null; }

bool Value::boolean() const {
  ENSURE(is(Kind::boolean));
  return node_->size == 1;
}

std::string_view Value::string() const {
  ENSURE(is(Kind::string));
  return arena_->string(*node_);
}

std::string_view Value::number() const {
  ENSURE(is(Kind::number));
  return arena_->string(*node_);
}

std::size_t Value::size() const { return kind() >= Kind::array ? node_->size : 0; }

Value Value::at(std::size_t index) const {
  ENSURE(index < size());
  const Node* first = arena_->nodes.data() + node_->place;
  return {arena_, first + (kind() == Kind::object ? 2 * index + 1 : index)};
}

std::string_view Value::key(std::size_t index) const {
  ENSURE(is(Kind::object) && index < size());
  return arena_->string(arena_->nodes[node_->place + 2 * index]);
}

Value Value::find(std::string_view key) const {
  if (!is(Kind::object)) return {};
  const Node* members = arena_->nodes.data() + node_->place;
  const std::uint32_t size = node_->size;
  if (size <= linear_max) {
    for (const Node* member = members; member != members + 2 * size; member += 2) {
      if (member->size == key.size() && arena_->string(*member) == key) return {arena_, member + 1};
    }
    return {};
  }
  const auto key_of = [&](std::uint32_t index) { return arena_->string(members[2 * index]); };
  const std::uint32_t* order = arena_->order.data() + members[-1].place;
  const std::uint32_t* found =
      std::lower_bound(order, order + size, key,
                       [&](std::uint32_t index, std::string_view k) { return key_before(key_of(index), k); });
  if (found == order + size || key_of(*found) != key) return {};
  return {arena_, members + 2 * *found + 1};
}

Document::Document(std::unique_ptr<Arena> arena) : arena_(std::move(arena)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Value Document::root() const { return {arena_.get(), &arena_->nodes.back()}; }

std::size_t Document::memory_bytes() const {
  return sizeof(Arena) + arena_->text.capacity() + arena_->unescaped.capacity() +
         arena_->nodes.capacity() * sizeof(Node) + arena_->order.capacity() * sizeof(std::uint32_t);
}

namespace {

bool reads_plainly(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

}  // namespace

void append_key(std::string& path, std::string_view key) {
  if (!reads_plainly(key)) {
    path += text("[\"{}\"]", key);
    return;
  }
  if (!path.empty()) path.push_back('.');
  path += key;
}

// Nodes know nothing of their parents, which stand somewhere behind them.
std::string Document::path_of(Value value) const {
  if (!value.present()) return "";
  const Node* nodes = arena_->nodes.data();
  struct Step {
    const Node* parent;
    std::size_t distance;
  };
  std::vector<Step> steps;
  auto place = static_cast<std::size_t>(value.node_ - nodes);
  for (std::size_t parent = place + 1; parent < arena_->nodes.size(); ++parent) {
    const Node& node = nodes[parent];
    const std::size_t length = node.kind() == Kind::object ? 2u * node.size : node.size;
    if (node.kind() < Kind::array || place < node.place || place >= node.place + length) continue;
    steps.push_back({&node, place - node.place});
    place = parent;
  }
  std::string path;
  for (std::size_t i = steps.size(); i-- > 0;) {
    const auto& [parent, distance] = steps[i];
    if (parent->kind() == Kind::array) path += text("[{}]", distance);
    else append_key(path, arena_->string(nodes[parent->place + distance - 1]));
  }
  return path;
}

}  // namespace podo::json
