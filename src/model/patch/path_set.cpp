#include "model/patch/path_set.h"

#include <vector>

namespace podo::patch {
namespace {

bool is_nothing(bool member, PathSet below) { return !member && below.empty(); }

// Both sets side by side: for(a's node or null, b's node or null), in order.
template <class Visit>
void zip(PathSet a, PathSet b, Visit visit) {
  const PathNode *left = a.first(), *right = b.first();
  while (left != nullptr && right != nullptr) {
    const int order = compare(left->step, right->step);
    visit(order <= 0 ? left : nullptr, order >= 0 ? right : nullptr);
    if (order <= 0) left = left->next;
    if (order >= 0) right = right->next;
  }
  for (; left != nullptr; left = left->next) visit(left, nullptr);
  for (; right != nullptr; right = right->next) visit(nullptr, right);
}

PathSet below(const PathNode* node) { return PathSet(node != nullptr ? node->children : nullptr); }

void append_paths(std::vector<std::string>& out, PathSet set, std::string& prefix) {
  const std::size_t size = prefix.size();
  for (const PathNode* node = set.first(); node != nullptr; node = node->next) {
    if (!node->member) continue;
    append_step(prefix, node->step);
    out.push_back(prefix);
    prefix.resize(size);
  }
  for (const PathNode* node = set.first(); node != nullptr; node = node->next) {
    if (node->children == nullptr) continue;
    append_step(prefix, node->step);
    append_paths(out, PathSet(node->children), prefix);
    prefix.resize(size);
  }
}

}  // namespace

void append_step(std::string& out, const Step& step) {
  switch (step.kind) {
    case Step::Kind::field: out.append(".").append(step.text); return;
    case Step::Kind::value: out.append("[=").append(step.text).append("]"); return;
    case Step::Kind::index: out.append("[").append(step.text).append("]"); return;
    case Step::Kind::key: break;
  }
  out += '[';
  bool first = true;
  for (KeyScanner scanner(step.text); scanner.next(); first = false) {
    if (!first) out += ',';
    out.append(scanner.name).append("=").append(scanner.value);
  }
  out += ']';
}

const PathNode* PathSet::find(const Step& step) const {
  for (const PathNode* node = first_; node != nullptr; node = node->next) {
    const int order = compare(node->step, step);
    if (order >= 0) return order == 0 ? node : nullptr;
  }
  return nullptr;
}

void PathList::append(Arena& arena, const Step& step, bool member, PathSet below) {
  if (is_nothing(member, below)) return;
  PathNode& made = arena.one(PathNode{step, member, below.first(), nullptr});
  if (last_ != nullptr) last_->next = &made;
  else first_ = &made;
  last_ = &made;
}

void PathList::append_rest(const PathNode* rest) {
  if (last_ != nullptr) last_->next = rest;
  else first_ = rest;
}

PathSet unite(Arena& arena, PathSet a, PathSet b) {
  if (a.empty()) return b;
  PathList made;
  const PathNode *left = a.first(), *right = b.first();
  while (left != nullptr && right != nullptr) {
    const int order = compare(left->step, right->step);
    if (order < 0) {
      made.append(arena, left->step, left->member, below(left));
    } else if (order > 0) {
      made.append(arena, right->step, right->member, below(right));
    } else {
      made.append(arena, left->step, left->member || right->member, unite(arena, below(left), below(right)));
    }
    if (order <= 0) left = left->next;
    if (order >= 0) right = right->next;
  }
  made.append_rest(left != nullptr ? left : right);
  return made.set();
}

PathSet intersect(Arena& arena, PathSet a, PathSet b) {
  PathList made;
  zip(a, b, [&](const PathNode* left, const PathNode* right) {
    if (left == nullptr || right == nullptr) return;
    made.append(arena, left->step, left->member && right->member,
                intersect(arena, below(left), below(right)));
  });
  return made.set();
}

PathSet subtract(Arena& arena, PathSet a, PathSet b) {
  if (b.empty()) return a;
  PathList made;
  zip(a, b, [&](const PathNode* left, const PathNode* right) {
    if (left == nullptr) return;
    if (right == nullptr) return made.append(arena, left->step, left->member, below(left));
    made.append(arena, left->step, left->member && !right->member,
                subtract(arena, below(left), below(right)));
  });
  return made.set();
}

PathSet subtract_below(Arena& arena, PathSet a, PathSet b) {
  if (b.empty()) return a;
  PathList made;
  zip(a, b, [&](const PathNode* left, const PathNode* right) {
    if (left == nullptr) return;
    if (right == nullptr) return made.append(arena, left->step, left->member, below(left));
    if (right->member) return;
    made.append(arena, left->step, left->member, subtract_below(arena, below(left), below(right)));
  });
  return made.set();
}

bool equal(PathSet a, PathSet b) {
  const PathNode *left = a.first(), *right = b.first();
  for (; left != nullptr && right != nullptr; left = left->next, right = right->next) {
    if (left == right) return true;  // shared, and so is all behind it
    if (left->member != right->member || compare(left->step, right->step) != 0) return false;
    if (!equal(below(left), below(right))) return false;
  }
  return left == right;
}

PathSet set_of(Arena& arena, std::span<const std::string_view> dotted) {
  PathSet all;
  for (std::string_view path : dotted) {
    PathSet one;
    for (bool member = true; !path.empty(); member = false) {
      const std::size_t dot = path.rfind('.');
      const std::string_view name = dot == std::string_view::npos ? path : path.substr(dot + 1);
      PathList level;
      level.append(arena, {Step::Kind::field, name}, member, one);
      one = level.set();
      path = path.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
    all = unite(arena, all, one);
  }
  return all;
}

PathSet keep_only(Arena& arena, PathSet set, PathSet prefixes) {
  PathList made;
  const PathNode* const any = prefixes.find({Step::Kind::field, "*"});
  for (const PathNode* node = set.first(); node != nullptr; node = node->next) {
    const PathNode* const prefix = any != nullptr ? any : prefixes.find(node->step);
    if (prefix == nullptr) continue;
    if (prefix->member) made.append(arena, node->step, node->member, below(node));
    else made.append(arena, node->step, false, keep_only(arena, below(node), below(prefix)));
  }
  return made.set();
}

void append_paths(std::vector<std::string>& out, PathSet set) {
  std::string prefix;
  append_paths(out, set, prefix);
}

}  // namespace podo::patch
