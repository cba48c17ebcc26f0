#include "cluster/control/claims.h"

namespace podo::controllers {
namespace {

Write change_of(Kind kind, const Facts& what, const json::Tree& patch) {
  return {.verb = Write::Verb::patch,
          .kind = kind,
          .name_space = what.name_space,
          .name = what.name,
          .change = patch.to_text()};
}

Write adopt(const Facts& owner, Kind owner_kind, Kind kind, const Facts& what) {
  json::Tree patch;
  json::Item& metadata = patch.root().member("metadata");
  metadata.member("uid").set_string(what.uid);  // of this one, not of another with its name
  write_owner(metadata.member("ownerReferences").append(), owner_kind, owner);
  return change_of(kind, what, patch);
}

Write release(const Facts& owner, Kind kind, const Facts& what) {
  json::Tree patch;
  json::Item& metadata = patch.root().member("metadata");
  metadata.member("uid").set_string(what.uid);
  json::Item& reference = metadata.member("ownerReferences").append();
  reference.member("$patch").set_string("delete");
  reference.member("uid").set_string(owner.uid);
  return change_of(kind, what, patch);
}

}  // namespace

void write_owner(json::Item& reference, Kind kind, const Facts& owner) {
  const KindNames& names = names_of(kind);
  reference.member("apiVersion").set_string(names.api_version);
  reference.member("kind").set_string(names.kind);
  reference.member("name").set_string(owner.name);
  reference.member("uid").set_string(owner.uid);
  reference.member("controller").set_boolean(true);
  reference.member("blockOwnerDeletion").set_boolean(true);
}

ClaimPlan plan_claims(const Facts& owner, Kind owner_kind, Kind kind, const std::vector<const Facts*>& owned,
                      const std::vector<const Facts*>& orphans) {
  ClaimPlan plan;
  const auto fits = [&](const Facts& what) {
    return owner.selector && matches(*owner.selector, what.labels);
  };
  for (const Facts* what : owned) {
    if (fits(*what)) plan.kept.push_back(what);
    else if (!owner.deleting()) plan.writes.push_back(release(owner, kind, *what));
  }
  if (owner.deleting()) return plan;
  for (const Facts* what : orphans) {
    if (what->deleting() || !fits(*what)) continue;
    plan.writes.push_back(adopt(owner, owner_kind, kind, *what));
    plan.adopts = true;
  }
  return plan;
}

}  // namespace podo::controllers
