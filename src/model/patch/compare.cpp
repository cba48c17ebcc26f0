#include <algorithm>

#include "model/patch/typed.h"

namespace podo::patch {
namespace {

using json::Item;

enum class Mark : std::uint8_t { none, added, removed, modified };

struct Lists {
  PathList added, removed, modified;
};

class Comparer {
 public:
  Comparer(Arena& arena, bool encoded) : arena_(arena), encoded_(encoded) {}
  Mark visit(const Place& place, const Item* before, const Item* now, Lists& below);
  Result<> outcome() { return failure_ ? Result<>(Failure(*std::move(failure_))) : Result<>(); }

 private:
  void structure(const schema::Struct& type, const Item* before, const Item* now, Lists& into);
  void map(const Place& place, const Item* before, const Item* now, Lists& into);
  void list(const Place& place, const Item* before, const Item* now, Lists& into);
  void same_step(const Place& item, std::span<Located> before, std::span<Located> now, Lists& into);
  void child(const Step& step, const Place& place, const Item* before, const Item* now, Lists& into);
  void put(const Step& step, Mark mark, const Lists& below, Lists& into);
  bool has_parts(const Place& place, const Item* item) const;

  Arena& arena_;
  bool encoded_;
  std::optional<Error> failure_;
};

// Empty ones on both sides make a leaf. A struct with implied fields is never empty.
bool Comparer::has_parts(const Place& place, const Item* item) const {
  if (item == nullptr) return false;
  if (item->size() != 0) return true;
  if (!encoded_ || place.type->kind != schema::Kind::object) return false;
  return std::ranges::any_of(place.type->object->by_name,
                             [](const schema::Field* f) { return is_implied(*f); });
}

Mark Comparer::visit(const Place& place, const Item* before, const Item* now, Lists& below) {
  const Form form = form_of(place, before, now);
  const bool leaf = form == Form::leaf || (!has_parts(place, before) && !has_parts(place, now));
  if (!leaf) {
    if (form == Form::structure) structure(*place.type->object, before, now, below);
    else if (form == Form::map) map(place, before, now, below);
    else list(place, before, now, below);
  }
  if (before == nullptr) return Mark::added;
  if (now == nullptr) return Mark::removed;
  if (form != Form::leaf || same_value(place.type, *before, *now)) return Mark::none;
  return Mark::modified;
}

void Comparer::put(const Step& step, Mark mark, const Lists& below, Lists& into) {
  into.added.append(arena_, step, mark == Mark::added, below.added.set());
  into.removed.append(arena_, step, mark == Mark::removed, below.removed.set());
  into.modified.append(arena_, step, mark == Mark::modified, below.modified.set());
}

void Comparer::child(const Step& step, const Place& place, const Item* before, const Item* now, Lists& into) {
  Lists below;
  const Mark mark = visit(place, before, now, below);
  put(step, mark, below, into);
}

void Comparer::structure(const schema::Struct& type, const Item* before, const Item* now, Lists& into) {
  struct Sides {
    const Item *before, *now;
  };
  const std::span<const schema::Field* const> fields = type.by_name;
  const std::span<Sides> sides = arena_.array<Sides>(fields.size());
  const auto fill = [&](const Item* object, const Item* Sides::* side) {
    for (const Item* i = object != nullptr ? object->first() : nullptr; i != nullptr; i = i->next()) {
      const auto found = std::ranges::lower_bound(fields, i->key(), {}, &schema::Field::name);
      if (found == fields.end() || (*found)->name != i->key()) continue;  // kind, apiVersion
      sides[static_cast<std::size_t>(found - fields.begin())].*side = i;
    }
  };
  fill(before, &Sides::before);
  fill(now, &Sides::now);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const schema::Field& field = *fields[i];
    Sides& side = sides[i];
    if (encoded_ && is_implied(field)) {
      if (side.before == nullptr && before != nullptr) side.before = &implied;
      if (side.now == nullptr && now != nullptr) side.now = &implied;
    }
    if (side.before == side.now || field.name == "managedFields") continue;
    child({Step::Kind::field, field.name}, {&field.type, &field}, side.before, side.now, into);
  }
}

void Comparer::map(const Place& place, const Item* before, const Item* now, Lists& into) {
  const auto left = sorted_members(arena_, before), right = sorted_members(arena_, now);
  const Place item = place.item();
  std::size_t i = 0, k = 0;
  while (i < left.size() || k < right.size()) {
    const int order = i == left.size() ? 1 : k == right.size() ? -1 : left[i]->key().compare(right[k]->key());
    const Item* const was = order <= 0 ? left[i++] : nullptr;
    const Item* const is = order >= 0 ? right[k++] : nullptr;
    child({Step::Kind::field, was != nullptr ? was->key() : is->key()}, item, was, is, into);
  }
}

void Comparer::list(const Place& place, const Item* before, const Item* now, Lists& into) {
  auto left = locate(arena_, place, before), right = locate(arena_, place, now);
  for (auto* side : {&left, &right}) {
    if (side->has_value()) continue;
    failure_ = std::move(*side).error();
    return;
  }
  const auto run = [](std::span<Located>& items, const Step& step) {
    std::size_t size = 0;
    while (size < items.size() && compare(items[size].step, step) == 0) ++size;
    const std::span<Located> found = items.subspan(0, size);
    items = items.subspan(size);
    return found;
  };
  std::span<Located> a = *left, b = *right;
  while (!a.empty() || !b.empty()) {
    const bool from_left = b.empty() || (!a.empty() && compare(a.front().step, b.front().step) <= 0);
    const Step step = from_left ? a.front().step : b.front().step;
    const std::span<Located> was = run(a, step), is = run(b, step);
    same_step(place.item(), was, is, into);
  }
}

// Items of one step: normally one on each side. Several of them are owned as one.
void Comparer::same_step(const Place& item, std::span<Located> before, std::span<Located> now, Lists& into) {
  const Step step = before.empty() ? now.front().step : before.front().step;
  if (before.size() <= 1 && now.size() <= 1) {
    return child(step, item, before.empty() ? nullptr : before.front().item,
                 now.empty() ? nullptr : now.front().item, into);
  }
  const auto same_items = [](const Located& a, const Located& b) { return json::same(*a.item, *b.item); };
  if (before.size() > 1 && now.size() > 1) {
    if (!std::ranges::equal(before, now, same_items)) put(step, Mark::modified, {}, into);
    return;
  }
  // One side was or becomes a single item: its parts are added or removed, the marker of several the
  // other way.
  Lists below;
  Mark mark = Mark::none;
  if (before.size() > 1) {
    if (!now.empty()) mark = visit(item, nullptr, now.front().item, below);
    into.removed.append(arena_, step, true);
    into.added.append(arena_, step, mark == Mark::added, below.added.set());
    return;
  }
  if (!before.empty()) mark = visit(item, before.front().item, nullptr, below);
  into.removed.append(arena_, step, mark == Mark::removed, below.removed.set());
  into.added.append(arena_, step, true);
}

}  // namespace

Result<Comparison> compare(Arena& arena, const Place& root, const Item& before, const Item& now,
                           bool encoded) {
  Lists lists;
  Comparer comparer(arena, encoded);
  comparer.visit(root, &before, &now, lists);
  TRY(comparer.outcome());
  return Comparison{lists.added.set(), lists.removed.set(), lists.modified.set()};
}

}  // namespace podo::patch
