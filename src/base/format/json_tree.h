// A JSON value that can be changed: what defaults, patches and admission work on. Documents (json_document.h)
// are for readers; a Tree is for the one strand that writes.
//
//   Tree tree = TRY(Tree::parse(text));
//   Item& spec = tree.root().member("spec");          // made if absent
//   if (!spec.find("replicas")) spec.member("replicas").set_number("1");
//   std::string text = tree.to_text();
//
// One arena owns everything; what is removed stays in it until the Tree dies. Items are addressed by reference
// and stay where they are. Strings put in are copied; what parse() read is viewed. Numbers are text, so nothing
// is lost. Depth is limited by the parser; every walk here is iterative or bounded by that.
#pragma once

#include <memory>

#include "base/format/json_document.h"

namespace podo::json {

class Tree;

// 48 bytes. Members keep their order; a key is there once.
class Item {
 public:
  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  std::string_view key() const { return key_; }  // of a member; "" otherwise
  bool boolean() const;                          // each ENSUREs its kind
  std::string_view string() const;
  std::string_view number() const;
  std::optional<std::int64_t> as_int64() const;  // absent: another kind, or no such number

  std::size_t size() const { return size_; }  // of an array or object
  Item* first() {
    return is_container() ? first_ : nullptr;
  }  // children in order: for (Item* i = x.first(); i; i = i->next())
  Item* next() { return next_; }
  const Item* first() const;
  const Item* next() const { return next_; }
  Item* find(std::string_view key);  // null: not an object, or no such member
  const Item* find(std::string_view key) const;
  Item* at(std::size_t index);  // of an array; slow for long ones
  // "spec", "template", "spec": null when one is absent.
  template <class... Keys>
  Item* find(std::string_view key, Keys... more) {
    Item* found = find(key);
    return found ? found->find(more...) : nullptr;
  }

  // They change what the item is, and empty it of what it was.
  void set_null();
  void set(bool value);
  void set_number(std::string_view text);
  void set_number(std::int64_t value);
  void set_string(std::string_view text);  // copied
  void set_array();
  void set_object();
  void copy(const Item& other);  // deep; of any tree
  void copy(Value value);

  Item& member(std::string_view key);  // made (null) if absent; a non-object becomes an object
  Item& append();                      // a non-array becomes an array
  Item& insert(std::size_t index);     // array
  bool remove(std::string_view key);
  void remove(Item& child);
  void rename(std::string_view key);  // of a member
  void sort_members();                // by bytes
};

bool same(const Item& a,
          const Item& b);  // deep; members in any order; numbers 1 and 1.0 differ in text only if integral

class Tree {
 public:
  Tree();  // null
  static Result<Tree> parse(std::string text, const Limits& limits = {});
  // As parse(), but a key that comes twice is told of (its path) and the last one counts, as in encoding/json.
  static Result<Tree> parse(std::string text, const Limits& limits, std::vector<std::string>& duplicates);
  static Tree copy_of(const Item& item);
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;
  ~Tree();
  Item& root();
  const Item& root() const;
  std::string to_text() const;  // compact, members in their order
  std::size_t memory_bytes() const;
};
void append_text(std::string& out, const Item& item);

}  // namespace podo::json
