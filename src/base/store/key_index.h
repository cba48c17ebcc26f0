// KeyIndex: the keys in their order, each with its newest version. A B+ tree whose leaves are arrays of
// pointers: a range is read by walking arrays, and the blocks it will touch are known ahead.
//
// It owns nothing: counting the blocks is its user's work (history.cpp). Any insertion or erasure ends all
// cursors. A leaf is freed when it is empty and never merged before; keys that arrive in order fill leaves to
// the last place.
//
//   inner := child (separator child)*      every key of a child >= the separator before it
#pragma once

#include <string>
#include <string_view>

#include "base/store/entry.h"

namespace podo::store {

class KeyIndex {
 public:
  static constexpr unsigned fanout = 64;

  KeyIndex();
  KeyIndex(const KeyIndex&) = delete;
  ~KeyIndex();

  Entry::Block** find(std::string_view key);  // its place, or null
  void insert(Entry::Block* block);           // its key is not there yet
  void erase(std::string_view key);           // its key is there
  std::size_t size() const { return size_; }

  struct Node {
    bool is_leaf;
    unsigned count = 0;
  };
  struct Leaf;
  struct Inner;

  class Cursor {
   public:
    bool at_end() const { return leaf_ == nullptr; }
    Entry::Block* block() const;
    void next();

   private:
    friend class KeyIndex;
    Cursor(Leaf* leaf, unsigned place);
    void settle();  // past the end of a leaf is the begin of the next
    void look_ahead() const;
    Leaf* leaf_;
    unsigned place_;
  };
  Cursor lower_bound(std::string_view key);  // the first key that is not less

 private:
  struct Split;
  Split insert_below(Node* node, Entry::Block* block);
  Split insert_into_leaf(Leaf& leaf, Entry::Block* block);
  void take_in(Inner& inner, unsigned place, Split split);
  Split halve(Inner& inner);
  bool erase_below(Node* node, std::string_view key);  // true: the node is empty now, and freed
  Leaf* leaf_for(std::string_view key);
  static unsigned child_for(const Inner& inner, std::string_view key);
  static unsigned place_in(const Leaf& leaf, std::string_view key);
  static void free_below(Node* node);

  Node* root_;
  std::size_t size_ = 0;
};

}  // namespace podo::store
