// What a configuration makes of an object, and what giving up fields makes of it.
#include <algorithm>
#include <vector>

#include "model/patch/typed.h"

namespace podo::patch {
namespace {

using json::Item;
using json::Kind;

class Merger {
 public:
  explicit Merger(Arena& arena) : arena_(arena) {}
  Result<> visit(const Place& place, Item& into, const Item& wanted);

 private:
  Result<> members(const Place& place, bool is_struct, Item& into, const Item& wanted);
  Result<> items(const Place& place, Item& into, const Item& wanted);

  Arena& arena_;
};

Result<> Merger::visit(const Place& place, Item& into, const Item& wanted) {
  const Form form = form_of(place, &into, &wanted);
  if (form == Form::leaf) {
    if (!same_value(place.type, into, wanted)) into.copy(wanted);  // what is the same keeps its spelling
    return {};
  }
  if (wanted.is(Kind::null)) return {};  // a null takes no parts away
  if (into.is(Kind::null)) return into.copy(wanted), Result<>();
  if (form == Form::structure || form == Form::map) {
    return members(place, form == Form::structure, into, wanted);
  }
  return items(place, into, wanted);
}

// Null, or an empty list or map: shape() would take it out, so it is no change of what is absent.
bool is_unset(const schema::Type* type, const Item& value) {
  if (value.is(Kind::null)) return true;
  if (type == nullptr || (type->kind != schema::Kind::list && type->kind != schema::Kind::map)) return false;
  return value.size() == 0 && (value.is(Kind::array) || value.is(Kind::object));
}

Result<> Merger::members(const Place& place, bool is_struct, Item& into, const Item& wanted) {
  for (const Item* member = wanted.first(); member != nullptr; member = member->next()) {
    const schema::Field* const field = is_struct ? place.type->object->find(member->key()) : nullptr;
    Item* const found = into.find(member->key());
    if (found == nullptr) {
      const bool unset =
          is_struct ? is_unset(field != nullptr ? &field->type : nullptr, *member) : member->is(Kind::null);
      if (!unset) into.add(member->key()).copy(*member);
      continue;
    }
    if (is_struct && field == nullptr) continue;  // kind, apiVersion
    TRY(visit(is_struct ? Place{&field->type, field} : place.item(), *found, *member));
  }
  return {};
}

// Which items of two lists are the same, by their places.
struct Pairs {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::vector<std::size_t> wanted_of, live_of;  // none: no such; live_of: nor when there are several
};

Pairs pair(std::span<const Located> live, std::span<const Located> wanted) {
  Pairs pairs{std::vector(live.size(), Pairs::none), std::vector(wanted.size(), Pairs::none)};
  for (std::size_t i = 0, k = 0; i < live.size() && k < wanted.size();) {
    const int order = compare(live[i].step, wanted[k].step);
    if (order != 0) {
      ++(order < 0 ? i : k);
      continue;
    }
    std::size_t end = i + 1;
    while (end < live.size() && compare(live[end].step, live[i].step) == 0) ++end;
    if (end == i + 1) pairs.live_of[wanted[k].place] = live[i].place;
    for (; i < end; ++i) pairs.wanted_of[live[i].place] = wanted[k].place;
    ++k;
  }
  return pairs;
}

// The order of what comes out, as places in `live` or `wanted`: items of both stand as they are wanted;
// those of the object alone stay before the item they were before.
struct Taken {
  std::size_t live = Pairs::none, wanted = Pairs::none;
};

std::vector<Taken> order_of(const Pairs& pairs) {
  const std::size_t live_size = pairs.wanted_of.size(), wanted_size = pairs.live_of.size();
  std::vector<bool> is_shared(wanted_size, false), is_taken(wanted_size, false);
  for (const std::size_t wanted : pairs.wanted_of) {
    if (wanted != Pairs::none) is_shared[wanted] = true;
  }
  std::vector<Taken> out;
  std::size_t live = 0, wanted = 0, next_shared = 0;
  const auto skip_to_shared = [&] {
    while (next_shared < wanted_size && !is_shared[next_shared]) ++next_shared;
  };
  const auto take = [&] {
    out.push_back({pairs.live_of[wanted], wanted});
    is_taken[wanted] = true;
    if (next_shared == wanted) ++next_shared, skip_to_shared();
    ++wanted;
  };
  skip_to_shared();
  while (live < live_size || wanted < wanted_size) {
    if (live < live_size && wanted < wanted_size) {
      const std::size_t same = pairs.wanted_of[live];
      if (same == wanted) {
        take();
        ++live;
        continue;
      }
      if (same != Pairs::none && next_shared < wanted_size && next_shared != same) {
        ++live;  // its turn comes later
        continue;
      }
    }
    if (live < live_size) {
      if (pairs.wanted_of[live] == Pairs::none) {
        out.push_back({live++, Pairs::none});
        continue;
      }
      if (is_taken[pairs.wanted_of[live]]) ++live;
    }
    if (wanted < wanted_size) take();
  }
  return out;
}

Result<> Merger::items(const Place& place, Item& into, const Item& wanted) {
  const Pairs pairs = pair(TRY(locate(arena_, place, &into)), TRY(locate(arena_, place, &wanted)));
  std::vector<Item*> live_items, out;
  for (Item* i = into.first(); i != nullptr; i = i->next()) live_items.push_back(i);
  std::vector<const Item*> wanted_items;
  for (const Item* i = wanted.first(); i != nullptr; i = i->next()) wanted_items.push_back(i);
  for (const Taken& taken : order_of(pairs)) {
    if (taken.live == Pairs::none) {
      Item& made = into.append();
      made.copy(*wanted_items[taken.wanted]);
      out.push_back(&made);
      continue;
    }
    out.push_back(live_items[taken.live]);
    if (taken.wanted != Pairs::none) TRY(visit(place.item(), *out.back(), *wanted_items[taken.wanted]));
  }
  into.arrange(out);
  return {};
}

// What is left of a container without parts is null: unset. `list` holds the item, whose keys stay as long
// as it does.
void remove_parts(Arena& arena, const Place& place, Item& from, PathSet set,
                  const schema::Field* list = nullptr) {
  const Form form = form_of(place, &from);
  if (form == Form::leaf || from.size() == 0) return;
  if (form == Form::structure || form == Form::map) {
    from.keep_if([&](Item& member) {
      const PathNode* const node = set.find({Step::Kind::field, member.key()});
      if (node == nullptr) return true;
      if (node->member) return list != nullptr && std::ranges::contains(list->list_keys, member.key());
      Place there;
      if (form == Form::map) {
        there = place.item();
      } else if (const schema::Field* const field = place.type->object->find(member.key())) {
        there = {&field->type, field};
      }
      remove_parts(arena, there, member, PathSet(node->children));
      return true;
    });
  } else {
    from.keep_if([&](Item& item) {
      const auto step = step_of(arena, place, item);
      const PathNode* const node = step ? set.find(*step) : nullptr;
      if (node == nullptr) return true;
      if (!node->member) remove_parts(arena, place.item(), item, PathSet(node->children), place.field);
      return !node->member;
    });
  }
  if (from.size() == 0) from.set_null();
}

}  // namespace

Result<> merge(Arena& arena, const Place& root, Item& into, const Item& wanted) {
  return Merger(arena).visit(root, into, wanted);
}

void remove_fields(Arena& arena, const Place& root, Item& from, PathSet set) {
  if (!set.empty()) remove_parts(arena, root, from, set);
}

}  // namespace podo::patch
