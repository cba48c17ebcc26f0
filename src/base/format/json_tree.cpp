#include "base/format/json_tree.h"

#include <algorithm>
#include <charconv>

#include "base/core/ensure.h"
#include "base/format/json_parser.h"
#include "base/format/json_tree_arena.h"

namespace podo::json {

bool Item::boolean() const {
  ENSURE(is(Kind::boolean));
  return size_ == 1;
}

std::string_view Item::string() const {
  ENSURE(is(Kind::string));
  return view();
}

std::string_view Item::number() const {
  ENSURE(is(Kind::number));
  return view();
}

std::optional<std::int64_t> Item::as_int64() const {
  return is(Kind::number) ? int64_of(view()) : std::nullopt;
}

std::optional<double> Item::as_double() const { return is(Kind::number) ? double_of(view()) : std::nullopt; }

const Item* Item::find(std::string_view key) const {
  if (!is(Kind::object)) return nullptr;
  if (size_ > index_from) {
    const TreeArena::Index& index = arena_->index_of(*this);
    const auto found = index.find(key);
    return found == index.end() ? nullptr : found->second;
  }
  for (const Item* i = first_; i != nullptr; i = i->next_) {
    if (i->key_size_ == key.size() && i->key() == key) return i;
  }
  return nullptr;
}

const Item* Item::at(std::size_t index) const {
  const Item* i = first();
  for (; i != nullptr && index > 0; --index) i = i->next_;
  return i;
}

void Item::become(Kind kind) {
  if (indexed_) arena_->forget(*this);
  kind_ = static_cast<std::uint32_t>(kind);
  size_ = 0;
  first_ = last_ = nullptr;
}

void Item::set_boolean(bool value) {
  become(Kind::boolean);
  size_ = value ? 1 : 0;
}

void Item::set_number(std::string_view text) {
  const std::string_view kept = arena_->keep(text);  // before: it may be this item's own
  become(Kind::number);
  text_ = kept.data();
  size_ = static_cast<std::uint32_t>(kept.size()) & text_bytes_max;
}

void Item::set_number(std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  set_number(std::string_view(digits, static_cast<std::size_t>(end.ptr - digits)));
}

void Item::set_string(std::string_view text) {
  ENSURE(text.size() <= text_bytes_max);
  const std::string_view kept = arena_->keep(text);
  become(Kind::string);
  text_ = kept.data();
  size_ = static_cast<std::uint32_t>(kept.size()) & text_bytes_max;
}

void Item::scalar_of(const Item& other) {
  switch (other.kind()) {
    case Kind::boolean: return set_boolean(other.size_ == 1);
    case Kind::number: return set_number(other.view());
    case Kind::string: return set_string(other.view());
    default: become(other.kind());
  }
}

// Into an item of its own first: `other` may hold this item, or lie in it.
void Item::copy(const Item& other) {
  struct Pair {
    const Item* from;
    Item* to;
  };
  Item& made = arena_->make();
  std::vector<Pair> todo = {{&other, &made}};
  while (!todo.empty()) {
    const auto [from, to] = todo.back();
    todo.pop_back();
    to->scalar_of(*from);
    for (const Item* i = from->first(); i != nullptr; i = i->next_) {
      Item& child = from->is(Kind::object) ? to->add(i->key()) : to->append();
      if (i->is_container()) todo.push_back({i, &child});
      else child.scalar_of(*i);
    }
  }
  become(made.kind());
  first_ = made.first_;
  last_ = made.last_;
  size_ = made.size_;
}

void Item::copy(Value value) {
  struct Pair {
    Value from;
    Item* to;
  };
  std::vector<Pair> todo = {{value, this}};
  while (!todo.empty()) {
    const auto [from, to] = todo.back();
    todo.pop_back();
    switch (from.kind()) {
      case Kind::null: to->set_null(); break;
      case Kind::boolean: to->set_boolean(from.boolean()); break;
      case Kind::number: to->set_number(from.number()); break;
      case Kind::string: to->set_string(from.string()); break;
      default: to->become(from.kind());
    }
    for (std::size_t i = 0; i < from.size(); ++i) {
      Item& child = from.is(Kind::object) ? to->add(from.key(i)) : to->append();
      todo.push_back({from.at(i), &child});
    }
  }
}

Result<> Item::copy_text(std::string_view json) {
  const Document document = TRY(parse(std::string(json)));
  copy(document.root());
  return {};
}

Item& Item::member(std::string_view key) {
  Item* found = find(key);
  return found ? *found : add(key);
}

Item& Item::add(std::string_view key) {
  if (!is(Kind::object)) become(Kind::object);
  Item& made = arena_->make();
  const std::string_view kept = arena_->keep(key);
  made.key_ = kept.data();
  made.key_size_ = static_cast<std::uint32_t>(kept.size());
  if (indexed_) arena_->indexes[this][kept] = &made;
  return link(last_, made);
}

Item& Item::append() {
  if (!is(Kind::array)) become(Kind::array);
  return link(last_, arena_->make());
}

Item& Item::insert(std::size_t index) {
  if (!is(Kind::array)) become(Kind::array);
  return link(index == 0 ? nullptr : index >= size_ ? last_ : at(index - 1), arena_->make());
}

Item& Item::link(Item* before, Item& child) {
  ENSURE(size_ < text_bytes_max);
  child.next_ = before ? before->next_ : first_;
  (before ? before->next_ : first_) = &child;
  if (last_ == before) last_ = &child;
  ++size_;
  return child;
}

void Item::unlink(Item* before, Item& child) {
  (before ? before->next_ : first_) = child.next_;
  if (last_ == &child) last_ = before;
  --size_;
  if (indexed_) arena_->indexes[this].erase(child.key());
  child.next_ = nullptr;
}

bool Item::remove(std::string_view key) {
  Item* found = find(key);
  if (found) remove(*found);
  return found != nullptr;
}

void Item::remove(Item& child) {
  Item* before = nullptr;
  for (Item* i = first(); i != &child; before = i, i = i->next_) ENSURE(i != nullptr);
  unlink(before, child);
}

void Item::rename(Item& child, std::string_view key) {
  const std::string_view kept = arena_->keep(key);
  if (indexed_) {
    arena_->indexes[this].erase(child.key());
    arena_->indexes[this][kept] = &child;
  }
  child.key_ = kept.data();
  child.key_size_ = static_cast<std::uint32_t>(kept.size());
}

void Item::sort_members() {
  sort([](const Item& a, const Item& b) { return a.key() < b.key(); });
}

void Item::sort(bool (*before)(const Item&, const Item&)) {
  std::vector<Item*> children;
  bool sorted = true;
  for (Item* i = first(); i != nullptr; i = i->next_) {
    sorted = sorted && (children.empty() || !before(*i, *children.back()));
    children.push_back(i);
  }
  if (sorted) return;
  std::stable_sort(children.begin(), children.end(), [&](Item* a, Item* b) { return before(*a, *b); });
  for (std::size_t i = 0; i + 1 < children.size(); ++i) children[i]->next_ = children[i + 1];
  children.back()->next_ = nullptr;
  first_ = children.front();
  last_ = children.back();
}

void Item::arrange(std::span<Item* const> order) {
  ENSURE(is(Kind::array));
  first_ = order.empty() ? nullptr : order.front();
  last_ = order.empty() ? nullptr : order.back();
  size_ = static_cast<std::uint32_t>(order.size()) & text_bytes_max;
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i]->next_ = i + 1 < order.size() ? order[i + 1] : nullptr;
}

Tree::Tree() : arena_(std::make_unique<TreeArena>()), root_(&arena_->root) {}
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree&&) noexcept = default;
Tree::~Tree() = default;

Result<Tree> Tree::parse(std::string text, const Limits& limits) {
  Tree tree;
  tree.root_ =
      &tree.arena_->build(TRY(Parser(std::move(text), limits).parse_nodes(Parser::Repeated::refused)));
  return tree;
}

Result<Tree> Tree::parse(std::string text, const Limits& limits, std::vector<std::string>& duplicates) {
  Tree tree;
  Parser::Nodes nodes = TRY(Parser(std::move(text), limits).parse_nodes(Parser::Repeated::allowed));
  tree.root_ = nodes.repeated ? &tree.arena_->build_once(std::move(nodes), duplicates)
                              : &tree.arena_->build(std::move(nodes));
  return tree;
}

Tree Tree::copy_of(const Item& item) {
  Tree tree;
  tree.root().copy(item);
  return tree;
}

std::string Tree::to_text() const {
  std::string out;
  if (arena_->parsed) out.reserve(arena_->parsed->text.size());
  append_text(out, root());
  return out;
}

std::size_t Tree::memory_bytes() const {
  std::size_t bytes = sizeof(TreeArena) + arena_->taken_bytes;
  if (arena_->parsed) bytes += arena_->parsed->text.capacity() + arena_->parsed->unescaped.capacity();
  return bytes;
}

}  // namespace podo::json
