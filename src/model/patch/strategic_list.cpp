// Lists of a strategic patch. Items with the same merge key merge; then the list is put in order:
//
//   patched items   in the order of $setElementOrder, or else of the patch
//   the others      in the order they had
//   both            interleaved: one of the others comes first only if it stood before the next patched one
#include <algorithm>
#include <unordered_map>

#include "model/patch/strategic_patch.h"

namespace podo::patch::strategic {
namespace {

using json::Kind;

// Scalars, and merge keys, as texts that are the same for the same values.
std::string identity(const Item& value) {
  std::string out;
  json::append_text(out, value);
  return out;
}

using Places = std::unordered_map<std::string, std::size_t>;

class ListMerge {
 public:
  ListMerge(Item& list, std::string_view key, const Where& item) : list_(list), key_(key), item_(item) {}
  Result<> merge(const Item* patch);
  Result<> arrange(const Item& order);

 private:
  Result<const Item*> value_of(const Item& item) const;
  Result<std::string> name_of(const Item& item) const { return identity(*TRY(value_of(item))); }
  Result<> remember();
  Result<> merge_scalars(const Item& patch);
  Result<> merge_maps(const Item& patch);
  Result<> take_special(const Item& special, bool& replace);

  Item& list_;
  std::string_view key_;
  Where item_;
  Places before_;  // where items of the list stood
};

Result<const Item*> ListMerge::value_of(const Item& item) const {
  if (key_.empty()) return &item;
  if (!item.is(Kind::object)) return bad_type("map[string]interface {}", item);
  const Item* const found = item.find(key_);
  if (found == nullptr) return no_merge_key(item, key_);
  return found;
}

Result<> ListMerge::remember() {
  std::size_t place = 0;
  for (const Item* i = list_.first(); i != nullptr; i = i->next()) before_.emplace(TRY(name_of(*i)), place++);
  return {};
}

Result<> ListMerge::merge_scalars(const Item& patch) {
  Places known;
  for (const Item* i = list_.first(); i != nullptr; i = i->next()) known.emplace(identity(*i), 0);
  for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
    if (known.emplace(identity(*i), 0).second) list_.append().copy(*i);
  }
  return {};
}

// {"$patch": "delete", KEY: ...} takes an item out; {"$patch": "replace"} all of them.
Result<> ListMerge::take_special(const Item& special, bool& replace) {
  const Item& what = *special.find(directive);
  const std::string_view name = what.string_or("");
  if (name == "replace") {
    replace = true;
    return {};
  }
  if (name == "merge") return invalid("merging lists cannot yet be specified in the patch");
  if (name != "delete") return unknown_directive(what, special);
  const Item* const value = TRY(value_of(special));
  list_.keep_if([&](const Item& item) {
    const Item* const found = item.find(key_);
    return found == nullptr || !json::same(*found, *value);
  });
  return {};
}

Result<> ListMerge::merge_maps(const Item& patch) {
  bool replace = false;
  for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
    if (!i->is(Kind::object)) return bad_type("map[string]interface {}", *i);
    if (i->find(directive) != nullptr) TRY(take_special(*i, replace));
  }
  if (replace) list_.set_array();
  std::unordered_map<std::string, Item*> known;
  for (Item* i = list_.first(); i != nullptr; i = i->next()) known.emplace(TRY(name_of(*i)), i);
  for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
    if (i->find(directive) != nullptr) continue;
    const auto [found, is_new] = known.emplace(TRY(name_of(*i)), nullptr);
    if (!is_new) {
      TRY(merge_object(*found->second, *i, item_));
      continue;
    }
    found->second = &list_.append();
    take_new(*found->second, *i);
  }
  return {};
}

Result<> ListMerge::merge(const Item* patch) {
  TRY(remember());
  if (patch == nullptr) return {};
  return key_.empty() ? merge_scalars(*patch) : merge_maps(*patch);
}

Result<> ListMerge::arrange(const Item& order) {
  Places wanted;
  for (const Item* i = order.first(); i != nullptr; i = i->next()) {
    if (!key_.empty() && i->is(Kind::object) && i->find(directive) != nullptr) continue;
    wanted.emplace(TRY(name_of(*i)), wanted.size());
  }
  struct Placed {
    Item* item;
    std::size_t place;
    const std::size_t* before;  // where it stood; null: new
  };
  std::vector<Placed> patched, others;
  Places seen;
  for (Item* i = list_.first(); i != nullptr; i = i->next()) {
    const std::string name = TRY(name_of(*i));
    if (key_.empty() && !seen.emplace(name, 0).second) continue;  // scalars stand there once
    const auto stood = before_.find(name);
    const std::size_t* const before = stood == before_.end() ? nullptr : &stood->second;
    const auto found = wanted.find(name);
    if (found != wanted.end()) patched.push_back({i, found->second, before});
    else others.push_back({i, before != nullptr ? *before : before_.size(), before});
  }
  std::ranges::stable_sort(patched, {}, &Placed::place);
  std::ranges::stable_sort(others, {}, &Placed::place);
  std::vector<Item*> all;
  auto other = others.begin();
  for (const Placed& next : patched) {
    while (other != others.end() && other->before != nullptr && next.before != nullptr &&
           *other->before < *next.before) {
      all.push_back((other++)->item);
    }
    all.push_back(next.item);
  }
  for (; other != others.end(); ++other) all.push_back(other->item);
  list_.arrange(all);
  return {};
}

// The one kind of all items: lists of lists, and mixtures, do not merge.
Result<Kind> kind_of_items(const Item& list, const Item* patch) {
  const Item* first = nullptr;
  for (const Item* from : {&list, patch}) {
    for (const Item* i = from != nullptr ? from->first() : nullptr; i != nullptr; i = i->next()) {
      if (i->is(Kind::array)) return invalid("lists of lists are not supported");
      if (first == nullptr) first = i;
      if (first->kind() != i->kind()) {
        return invalid("list element types are not identical: [{} {}]", go_text(list),
                       patch != nullptr ? go_text(*patch) : "[]");
      }
    }
  }
  return first != nullptr ? first->kind() : Kind::null;
}

// What the patch sets stands in $setElementOrder, too, and in the same order.
Result<> check_order(const Item& patch, const Item& order, std::string_view key) {
  if (patch.size() == 0 || order.size() == 0) return {};
  const Item* next = order.first();
  for (const Item* i = patch.first(); i != nullptr; i = i->next()) {
    if (i->is(Kind::object) && i->find(directive) != nullptr) continue;
    bool found = false;
    for (; next != nullptr && !found; next = next->next()) {
      const Item *left = i, *right = next;
      if (!key.empty()) {
        if (!i->is(Kind::object)) return bad_type("map[string]interface {}", *i);
        if (!next->is(Kind::object)) return bad_type("map[string]interface {}", *next);
        left = i->find(key), right = next->find(key);
        if (left == nullptr) return no_merge_key(*i, key);
        if (right == nullptr) return no_merge_key(*next, key);
      }
      found = json::same(*left, *right);
    }
    if (!found) {
      return invalid("The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
                     go_text(patch), go_text(order));
    }
  }
  return {};
}

}  // namespace

Result<> merge_list(Item& list, const Item* patch, const Item* order, const Where& where) {
  const bool merges = where.field != nullptr && where.field->patch_merge;
  const std::string_view key = merges ? where.field->patch_key : std::string_view();
  if (order != nullptr && patch != nullptr) TRY(check_order(*patch, *order, key));
  if (!merges) {
    if (patch != nullptr) take_new(list, *patch);
    if (order == nullptr) return {};
  }
  if (list.size() == 0 && (patch == nullptr || patch->size() == 0)) return {};
  const Kind kind = TRY(kind_of_items(list, patch));
  if (kind == Kind::object && key.empty()) {
    return invalid("cannot merge lists without merge key for type struct");
  }
  const Where item = {where.type != nullptr ? where.type->item : nullptr, nullptr};
  ListMerge merge(list, kind == Kind::object ? key : std::string_view(), item);
  TRY(merge.merge(merges ? patch : nullptr));
  if (order != nullptr) return merge.arrange(*order);
  return patch != nullptr ? merge.arrange(*patch) : Result<>();
}

Result<> delete_scalars(Item& list, const Item& values) {
  Places gone;
  for (const Item* i = values.first(); i != nullptr; i = i->next()) gone.emplace(identity(*i), 0);
  list.keep_if([&](const Item& item) { return !gone.contains(identity(item)); });
  return {};
}

}  // namespace podo::patch::strategic
