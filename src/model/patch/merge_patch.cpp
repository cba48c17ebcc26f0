// RFC 7396: members of the patch replace those of the object, objects merge, null removes.
#include <vector>

#include "model/patch/patch.h"

namespace podo::patch {

void merge_patch(json::Item& object, const json::Item& patch) {
  struct Pair {
    json::Item* into;
    const json::Item* from;
  };
  std::vector<Pair> todo = {{&object, &patch}};
  while (!todo.empty()) {
    const auto [into, from] = todo.back();
    todo.pop_back();
    if (!from->is(json::Kind::object)) {
      into->copy(*from);
      continue;
    }
    if (!into->is(json::Kind::object)) into->set_object();
    for (const json::Item* member = from->first(); member != nullptr; member = member->next()) {
      if (member->is(json::Kind::null)) into->remove(member->key());
      else todo.push_back({&into->member(member->key()), member});
    }
  }
}

}  // namespace podo::patch
