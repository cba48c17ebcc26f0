#include "base/format/json_tree_arena.h"

#include <algorithm>
#include <new>

#include "base/core/ensure.h"

namespace podo::json {
namespace {

constexpr std::size_t chunk_bytes_max = 256u << 10;
constexpr std::size_t duplicates_max = 100;  // told of one text; Kubernetes tells as many

}  // namespace

struct TreeArena::Open {
  Item* container;
  const Node* next;
  Item** link;  // where the next child is put
  std::size_t left;
};

void TreeArena::reserve(std::size_t bytes) {
  const std::size_t size = std::max(bytes, next_chunk_bytes);
  next_chunk_bytes = std::min(chunk_bytes_max, 2 * next_chunk_bytes);
  chunks.push_back(std::make_unique_for_overwrite<char[]>(size));
  free = chunks.back().get();
  free_bytes = size;
  taken_bytes += size;
}

Item& TreeArena::make() {
  const std::size_t skip = -reinterpret_cast<std::uintptr_t>(free) % alignof(Item);
  if (free_bytes < skip + sizeof(Item)) {
    reserve(sizeof(Item));
  } else {
    free += skip;
    free_bytes -= skip;
  }
  Item* made = new (free) Item;
  made->arena_ = this;
  free += sizeof(Item);
  free_bytes -= sizeof(Item);
  return *made;
}

std::string_view TreeArena::keep(std::string_view text) {
  if (text.empty()) return {"", 0};
  if (free_bytes < text.size()) reserve(text.size());
  text.copy(free, text.size());
  const std::string_view kept(free, text.size());
  free += text.size();
  free_bytes -= text.size();
  return kept;
}

TreeArena::Index& TreeArena::index_of(const Item& object) {
  Index& index = indexes[&object];
  if (object.indexed_) return index;
  index.reserve(object.size());
  for (Item* i = object.first_; i != nullptr; i = i->next_) index.emplace(i->key(), i);
  object.indexed_ = 1;
  return index;
}

void TreeArena::forget(Item& object) {
  indexes.erase(&object);
  object.indexed_ = 0;
}

inline void TreeArena::fill(Item& item, const Node& node) {
  item.kind_ = node.kind_bits;
  item.size_ = node.size;
  if (node.kind() == Kind::string || node.kind() == Kind::number) item.text_ = parsed->string(node).data();
}

void TreeArena::take(Parser::Nodes& nodes) {
  parsed = std::move(nodes.arena);
  reserve(nodes.values * sizeof(Item) + alignof(Item));
}

// A container's children stand side by side; the stack says how far each open container is built.
Item& TreeArena::build(Parser::Nodes from) {
  take(from);
  const std::vector<Node>& nodes = parsed->nodes;
  std::vector<Open> open;
  open.reserve(16);
  const auto begin = [&](Item& item, const Node& node) {
    fill(item, node);
    if (node.kind() >= Kind::array)
      open.push_back({&item, nodes.data() + node.place, &item.first_, node.size});
  };
  begin(root, nodes.back());
  while (!open.empty()) {
    Open& top = open.back();
    if (top.left == 0) {
      open.pop_back();
      continue;
    }
    Item& item = make();
    *top.link = &item;
    top.link = &item.next_;
    if (--top.left == 0) top.container->last_ = &item;
    if (top.container->is(Kind::object)) {
      const Node& key = *top.next++;
      item.key_ = parsed->string(key).data();
      item.key_size_ = key.size;
    }
    begin(item, *top.next++);
  }
  parsed->nodes = {};
  parsed->order = {};
  return root;
}

namespace {

struct Step {
  Item* container;
  const Node* next;
  std::size_t left;
};

// "spec.containers[0].name", as Kubernetes writes it, of a member of the innermost container.
std::string path_of(const std::vector<Step>& open, std::string_view key) {
  std::string path;
  const auto add = [&](std::string_view name) { path.append(path.empty() ? "" : ".").append(name); };
  for (std::size_t i = 0; i + 1 < open.size(); ++i) {
    const Item& container = *open[i].container;
    if (container.is(Kind::array)) path += text("[{}]", container.size() - 1);
    else add(open[i + 1].container->key());
  }
  add(key);
  return path;
}

}  // namespace

// Slower: every key is looked for.
Item& TreeArena::build_once(Parser::Nodes from, std::vector<std::string>& duplicates) {
  take(from);
  const std::vector<Node>& nodes = parsed->nodes;
  std::vector<Step> open;
  const auto begin = [&](Item& item, const Node& node) {
    item.become(Kind::null);
    fill(item, node);
    if (node.kind() < Kind::array) return;
    item.size_ = 0;
    open.push_back({&item, nodes.data() + node.place, node.size});
  };
  begin(root, nodes.back());
  while (!open.empty()) {
    Step& top = open.back();
    if (top.left == 0) {
      open.pop_back();
      continue;
    }
    --top.left;
    if (top.container->is(Kind::array)) {
      begin(top.container->append(), *top.next++);
      continue;
    }
    const std::string_view key = parsed->string(top.next[0]);
    const Node& value = top.next[1];
    top.next += 2;
    Item* there = top.container->find(key);
    if (there != nullptr && duplicates.size() < duplicates_max) duplicates.push_back(path_of(open, key));
    begin(there ? *there : top.container->add(key), value);
  }
  parsed->nodes = {};
  parsed->order = {};
  return root;
}

}  // namespace podo::json
