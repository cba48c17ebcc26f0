// A JSON value that can be changed: what defaults, patches and admission work on. Documents
// (json_document.h) are for readers; a Tree is for the one strand that writes.
//
//   Tree tree = TRY(Tree::parse(text));
//   Item& spec = tree.root().member("spec");          // made if absent
//   if (!spec.find("replicas")) spec.member("replicas").set_number(1);
//   std::string text = tree.to_text();
//
// One arena owns everything; what is removed stays in it until the Tree dies. Items are addressed by
// reference and stay where they are, also when the Tree is moved. Strings put in are copied; what parse()
// read is viewed. Numbers are text, so nothing is lost. No walk here recurses, so depth is bounded by
// memory only.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/format/json_document.h"

namespace podo::json {

class Tree;
struct TreeArena;  // json_tree_arena.h

// 48 bytes. Members keep their order; a key is there once. Objects of more than 32 members are indexed by
// key once they are asked for one.
class Item {
 public:
  Kind kind() const { return static_cast<Kind>(kind_); }
  bool is(Kind kind) const { return this->kind() == kind; }
  std::string_view key() const { return {key_, key_size_}; }  // of a member; "" otherwise
  bool boolean() const;                                       // each ENSUREs its kind
  std::string_view string() const;
  std::string_view number() const;
  std::optional<std::int64_t> as_int64() const;  // absent: another kind, or no such number
  std::optional<double> as_double() const;
  // "" or another default when it is no string: for readers who know the shape.
  std::string_view string_or(std::string_view otherwise) const {
    return is(Kind::string) ? view() : otherwise;
  }

  std::size_t size() const { return is_container() ? size_ : 0; }
  // Children in order: for (Item* i = x.first(); i; i = i->next()). Take next() before removing i.
  Item* first() { return is_container() ? first_ : nullptr; }
  const Item* first() const { return is_container() ? first_ : nullptr; }
  Item* next() { return next_; }
  const Item* next() const { return next_; }
  // Null: not an object, or no such member.
  Item* find(std::string_view key) { return const_cast<Item*>(std::as_const(*this).find(key)); }
  const Item* find(std::string_view key) const;
  Item* at(std::size_t index) { return const_cast<Item*>(std::as_const(*this).at(index)); }
  const Item* at(std::size_t index) const;  // of an array or object; null behind the end; walks there
  // find("spec", "template", "spec"): null when one is absent.
  template <class... Keys>
  Item* find(std::string_view key, std::string_view second, Keys... more) {
    Item* found = find(key);
    return found ? found->find(second, more...) : nullptr;
  }
  template <class... Keys>
  const Item* find(std::string_view key, std::string_view second, Keys... more) const {
    const Item* found = find(key);
    return found ? found->find(second, more...) : nullptr;
  }

  // They change what the item is, and empty it of what it was.
  void set_null() { become(Kind::null); }
  void set_boolean(bool value);
  void set_number(std::string_view text);  // ENSUREs nothing: it must be a JSON number
  void set_number(std::int64_t value);
  void set_string(std::string_view text);  // copied
  void set_array() { become(Kind::array); }
  void set_object() { become(Kind::object); }
  void copy(const Item& other);  // deep; of any tree, also of itself or what lies in it
  void copy(Value value);
  Result<> copy_text(std::string_view json);  // parsed

  Item& member(std::string_view key);  // made (null) if absent; a non-object becomes an object
  Item& add(std::string_view key);     // as member(), and the caller knows that it is absent
  Item& append();                      // a non-array becomes an array
  Item& insert(std::size_t index);     // array; behind the end: appended
  bool remove(std::string_view key);
  void remove(Item& child);
  // Many at once, in one walk: those for which keep(child) is false.
  template <class Keep>
  void keep_if(Keep keep) {
    Item* before = nullptr;
    for (Item* i = first(); i != nullptr;) {
      Item* const after = i->next_;
      if (keep(*i)) before = i;
      else unlink(before, *i);
      i = after;
    }
  }
  void rename(Item& child, std::string_view key);       // of this object; the key must be new
  void sort_members();                                  // by bytes
  void sort(bool (*before)(const Item&, const Item&));  // children; stable
  void arrange(std::span<Item* const> order);           // items of this array; those not named go

 private:
  friend class Tree;
  friend struct TreeArena;
  bool is_container() const { return is(Kind::array) || is(Kind::object); }
  std::string_view view() const { return {text_, size_}; }
  void become(Kind kind);
  void scalar_of(const Item& other);
  void unlink(Item* before, Item& child);
  Item& link(Item* before, Item& child);

  Item* next_ = nullptr;
  const char* key_ = nullptr;
  union {
    const char* text_;  // of a string or number
    Item* first_ = nullptr;
  };
  Item* last_ = nullptr;
  TreeArena* arena_ = nullptr;
  std::uint32_t key_size_ = 0;
  std::uint32_t size_ : 28 = 0;            // bytes, children; boolean: 0 or 1
  mutable std::uint32_t indexed_ : 1 = 0;  // its members are in the arena's index
  std::uint32_t kind_ : 3 = 0;
};
static_assert(sizeof(Item) == 48);

// Deep; members in any order. Numbers: 1, 1.0 and 1e0 are the same.
bool same(const Item& a, const Item& b);

class Tree {
 public:
  Tree();  // null
  static Result<Tree> parse(std::string text, const Limits& limits = {});
  // As parse(), but a key that comes twice is told of (its path: "spec.containers[0].name"; no more than
  // 100) and the last one counts, as in encoding/json.
  static Result<Tree> parse(std::string text, const Limits& limits, std::vector<std::string>& duplicates);
  static Tree copy_of(const Item& item);
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;
  ~Tree();
  Item& root() { return *root_; }
  const Item& root() const { return *root_; }
  std::string to_text() const;       // compact, members in their order
  std::size_t memory_bytes() const;  // text + arena

 private:
  std::unique_ptr<TreeArena> arena_;
  Item* root_;
};
enum class Escapes : bool { least, html };  // json_writer.h
void append_text(std::string& out, const Item& item, Escapes escapes = Escapes::least);

}  // namespace podo::json
