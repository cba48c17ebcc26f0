#include "base/store/key_index.h"

#include <algorithm>

#include "base/core/ensure.h"

namespace podo::store {

struct KeyIndex::Leaf : Node {
  Entry::Block* items[fanout];
  Leaf* next = nullptr;
  Leaf* previous = nullptr;
  Leaf() : Node{.is_leaf = true, .count = 0} {}
};

struct KeyIndex::Inner : Node {
  Node* children[fanout];
  std::string separators[fanout];  // separators[i] stands before children[i]; the first is not used
  Inner() : Node{.is_leaf = false, .count = 0} {}
};

// What a node that was full hands up: a new right neighbour, and the smallest key that may be in it.
struct KeyIndex::Split {
  Node* right = nullptr;
  std::string separator;
};

KeyIndex::KeyIndex() : root_(new Leaf) {}
KeyIndex::~KeyIndex() { free_below(root_); }

void KeyIndex::free_below(Node* node) {
  if (node->is_leaf) {
    delete static_cast<Leaf*>(node);
    return;
  }
  auto* inner = static_cast<Inner*>(node);
  for (unsigned i = 0; i < inner->count; ++i) free_below(inner->children[i]);
  delete inner;
}

// --- finding ----------------------------------------------------------------------------------------------

unsigned KeyIndex::child_for(const Inner& inner, std::string_view key) {
  const std::string* first = inner.separators + 1;
  const std::string* last = inner.separators + inner.count;
  return static_cast<unsigned>(std::upper_bound(first, last, key) - inner.separators) - 1;
}

unsigned KeyIndex::place_in(const Leaf& leaf, std::string_view key) {
  const auto* place =
      std::lower_bound(leaf.items, leaf.items + leaf.count, key,
                       [](const Entry::Block* block, std::string_view k) { return block->key() < k; });
  return static_cast<unsigned>(place - leaf.items);
}

KeyIndex::Leaf* KeyIndex::leaf_for(std::string_view key) {
  Node* node = root_;
  while (!node->is_leaf) {
    auto* inner = static_cast<Inner*>(node);
    node = inner->children[child_for(*inner, key)];
  }
  return static_cast<Leaf*>(node);
}

Entry::Block** KeyIndex::find(std::string_view key) {
  Leaf* leaf = leaf_for(key);
  unsigned place = place_in(*leaf, key);
  if (place == leaf->count || leaf->items[place]->key() != key) return nullptr;
  return &leaf->items[place];
}

KeyIndex::Cursor KeyIndex::lower_bound(std::string_view key) {
  Leaf* leaf = leaf_for(key);
  return Cursor(leaf, place_in(*leaf, key));
}

KeyIndex::Cursor::Cursor(Leaf* leaf, unsigned place) : leaf_(leaf), place_(place) { settle(); }

Entry::Block* KeyIndex::Cursor::block() const { return leaf_->items[place_]; }

void KeyIndex::Cursor::next() {
  ++place_;
  settle();
}

void KeyIndex::Cursor::settle() {
  while (leaf_ != nullptr && place_ == leaf_->count) {
    leaf_ = leaf_->next;
    place_ = 0;
  }
  look_ahead();
}

// A block lies anywhere in memory: asked for some steps ahead, it is there when its turn comes. What is read
// of it first, the key and the begin of the value, reaches into its second line.
void KeyIndex::Cursor::look_ahead() const {
  constexpr unsigned steps = 16;
  if (leaf_ == nullptr) return;
  const Entry::Block* block = nullptr;
  unsigned ahead = place_ + steps;
  if (ahead < leaf_->count) block = leaf_->items[ahead];
  else if (leaf_->next != nullptr && ahead - leaf_->count < leaf_->next->count)
    block = leaf_->next->items[ahead - leaf_->count];
  if (block == nullptr) return;
  __builtin_prefetch(block, 1);
  __builtin_prefetch(reinterpret_cast<const char*>(block) + 64);
}

// --- inserting --------------------------------------------------------------------------------------------

void KeyIndex::insert(Entry::Block* block) {
  Split split = insert_below(root_, block);
  ++size_;
  if (split.right == nullptr) return;
  auto* root = new Inner;
  root->children[0] = root_;
  root->count = 1;
  take_in(*root, 1, std::move(split));
  root_ = root;
}

KeyIndex::Split KeyIndex::insert_below(Node* node, Entry::Block* block) {
  if (node->is_leaf) return insert_into_leaf(*static_cast<Leaf*>(node), block);
  auto& inner = *static_cast<Inner*>(node);
  unsigned child = child_for(inner, block->key());
  Split split = insert_below(inner.children[child], block);
  if (split.right == nullptr) return {};
  if (inner.count < fanout) {
    take_in(inner, child + 1, std::move(split));
    return {};
  }
  Split halves = halve(inner);
  auto& right = *static_cast<Inner*>(halves.right);
  if (child < inner.count) take_in(inner, child + 1, std::move(split));
  else take_in(right, child + 1 - inner.count, std::move(split));
  return halves;
}

KeyIndex::Split KeyIndex::insert_into_leaf(Leaf& leaf, Entry::Block* block) {
  unsigned place = place_in(leaf, block->key());
  Leaf* target = &leaf;
  Split split;
  if (leaf.count == fanout) {
    auto* right = new Leaf;
    bool appends = place == fanout && leaf.next == nullptr;  // keys in order leave full leaves behind
    unsigned kept = appends ? fanout : fanout / 2;
    std::copy(leaf.items + kept, leaf.items + fanout, right->items);
    right->count = fanout - kept;
    leaf.count = kept;
    right->next = leaf.next;
    right->previous = &leaf;
    if (leaf.next != nullptr) leaf.next->previous = right;
    leaf.next = right;
    if (place > kept || appends) {
      target = right;
      place -= kept;
    }
    split.right = right;
  }
  std::copy_backward(target->items + place, target->items + target->count, target->items + target->count + 1);
  target->items[place] = block;
  ++target->count;
  if (split.right != nullptr) split.separator = static_cast<Leaf*>(split.right)->items[0]->key();
  return split;
}

void KeyIndex::take_in(Inner& inner, unsigned place, Split split) {
  std::copy_backward(inner.children + place, inner.children + inner.count, inner.children + inner.count + 1);
  std::move_backward(inner.separators + place, inner.separators + inner.count,
                     inner.separators + inner.count + 1);
  inner.children[place] = split.right;
  inner.separators[place] = std::move(split.separator);
  ++inner.count;
}

KeyIndex::Split KeyIndex::halve(Inner& inner) {
  constexpr unsigned kept = fanout / 2;
  auto* right = new Inner;
  std::copy(inner.children + kept, inner.children + fanout, right->children);
  std::move(inner.separators + kept, inner.separators + fanout, right->separators);
  right->count = fanout - kept;
  inner.count = kept;
  return {.right = right, .separator = std::move(right->separators[0])};
}

// --- erasing ----------------------------------------------------------------------------------------------

void KeyIndex::erase(std::string_view key) {
  if (erase_below(root_, key)) root_ = new Leaf;
  --size_;
  while (!root_->is_leaf && root_->count == 1) {
    auto* inner = static_cast<Inner*>(root_);
    root_ = inner->children[0];
    delete inner;
  }
}

bool KeyIndex::erase_below(Node* node, std::string_view key) {
  if (node->is_leaf) {
    auto& leaf = *static_cast<Leaf*>(node);
    unsigned place = place_in(leaf, key);
    ENSURE(place < leaf.count && leaf.items[place]->key() == key);
    std::copy(leaf.items + place + 1, leaf.items + leaf.count, leaf.items + place);
    if (--leaf.count > 0) return false;
    if (leaf.previous != nullptr) leaf.previous->next = leaf.next;
    if (leaf.next != nullptr) leaf.next->previous = leaf.previous;
    delete &leaf;
    return true;
  }
  auto& inner = *static_cast<Inner*>(node);
  unsigned child = child_for(inner, key);
  if (!erase_below(inner.children[child], key)) return false;
  std::copy(inner.children + child + 1, inner.children + inner.count, inner.children + child);
  std::move(inner.separators + child + 1, inner.separators + inner.count, inner.separators + child);
  if (--inner.count > 0) return false;
  delete &inner;
  return true;
}

}  // namespace podo::store
