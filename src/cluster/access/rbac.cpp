#include "cluster/access/rbac.h"

#include <algorithm>
#include <optional>

#include "cluster/access/rules.h"

namespace podo::access {
namespace {

std::string join(std::string_view name_space, std::string_view name) {
  return text("{}/{}", name_space, name);
}

std::string_view at(const json::Item& object, std::string_view key) {
  const json::Item* item = object.find(key);
  return item == nullptr ? std::string_view() : item->string_or("");
}

}  // namespace

// Never goes while a binding names it; absent rules: there is no such role.
struct RoleIndex::Role {
  std::string name_space, name;
  std::optional<std::vector<Rule>> rules;
  std::size_t bindings = 0;
  std::string missing() const {
    return text("{}.rbac.authorization.k8s.io \"{}\" not found", name_space.empty() ? "clusterrole" : "role",
                name);
  }
};

struct RoleIndex::Binding {
  struct Subject {
    enum class Kind : std::uint8_t { user, group, account, other } kind;
    std::string key;  // the name that a user or a group has: "system:serviceaccount:NS:NAME"
    std::string description;
  };
  std::string name_space, name, role_kind;
  Role* role = nullptr;
  std::vector<Subject> subjects;

  std::string reason(std::uint32_t subject) const {
    const std::string self = name_space.empty() ? name : text("{}/{}", name, name_space);
    return text("RBAC: allowed by {} \"{}\" of {} \"{}\" to {}",
                name_space.empty() ? "ClusterRoleBinding" : "RoleBinding", self, role_kind, role->name,
                subjects[subject].description);
  }
};

struct RoleIndex::Scope {
  ByName<std::vector<Grant>> users, groups;
};

namespace {

template <class Subject>
Subject read_subject(const json::Item& item, std::string_view binding_name_space) {
  const std::string_view kind = at(item, "kind"), name = at(item, "name");
  Subject subject{.kind = Subject::Kind::other, .key = std::string(name), .description = {}};
  subject.description = text("{} \"{}\"", kind, name);
  if (kind == "User") subject.kind = Subject::Kind::user;
  else if (kind == "Group") subject.kind = Subject::Kind::group;
  else if (kind == "ServiceAccount") {
    std::string_view name_space = at(item, "namespace");
    subject.description = text("{} \"{}/{}\"", kind, name, name_space);
    if (name_space.empty()) name_space = binding_name_space;
    if (!name_space.empty()) subject.kind = Subject::Kind::account;
    subject.key = text("system:serviceaccount:{}:{}", name_space, name);
  }
  return subject;
}

}  // namespace

RoleIndex::RoleIndex() : cluster_(std::make_unique<Scope>()) {}
RoleIndex::~RoleIndex() = default;

RoleIndex::Role& RoleIndex::role_slot(std::string_view name_space, std::string_view name) {
  std::unique_ptr<Role>& slot = roles_[join(name_space, name)];
  if (slot == nullptr) {
    slot = std::make_unique<Role>();
    slot->name_space = name_space;
    slot->name = name;
  }
  return *slot;
}

void RoleIndex::put(const json::Item& object) {
  const json::Item* metadata = object.find("metadata");
  if (metadata == nullptr) return;
  const std::string_view kind = at(object, "kind"), name = at(*metadata, "name");
  const std::string_view name_space = at(*metadata, "namespace");
  if (kind == "Role" || kind == "ClusterRole")
    role_slot(name_space, name).rules = read_rules(object.find("rules"));
  else put_binding(object, name_space, name);
}

void RoleIndex::put_binding(const json::Item& object, std::string_view name_space, std::string_view name) {
  remove("RoleBinding", name_space, name);
  const json::Item* reference = object.find("roleRef");
  if (reference == nullptr) return;
  auto binding = std::make_unique<Binding>();
  binding->name_space = name_space;
  binding->name = name;
  binding->role_kind = at(*reference, "kind");
  binding->role = &role_slot(binding->role_kind == "Role" ? name_space : "", at(*reference, "name"));
  ++binding->role->bindings;
  if (const json::Item* subjects = object.find("subjects"))
    for (const json::Item* i = subjects->first(); i != nullptr; i = i->next())
      binding->subjects.push_back(read_subject<Binding::Subject>(*i, name_space));
  give(*binding, true);
  bindings_[join(name_space, name)] = std::move(binding);
}

void RoleIndex::remove(std::string_view kind, std::string_view name_space, std::string_view name) {
  const std::string key = join(name_space, name);
  if (kind == "Role" || kind == "ClusterRole") {
    const auto role = roles_.find(key);
    if (role == roles_.end()) return;
    role->second->rules.reset();
    if (role->second->bindings == 0) roles_.erase(role);
    return;
  }
  const auto binding = bindings_.find(key);
  if (binding == bindings_.end()) return;
  give(*binding->second, false);
  Role& role = *binding->second->role;
  if (--role.bindings == 0 && !role.rules) roles_.erase(join(role.name_space, role.name));
  bindings_.erase(binding);
}

// Adds the binding to the lists of those it is given to, or takes it out of them.
void RoleIndex::give(const Binding& binding, bool really) {
  Scope* scope = cluster_.get();
  if (!binding.name_space.empty()) {
    std::unique_ptr<Scope>& slot = namespaces_[binding.name_space];
    if (slot == nullptr) slot = std::make_unique<Scope>();
    scope = slot.get();
  }
  for (std::uint32_t i = 0; i < binding.subjects.size(); ++i) {
    const Binding::Subject& subject = binding.subjects[i];
    if (subject.kind == Binding::Subject::Kind::other) continue;
    auto& by_name = subject.kind == Binding::Subject::Kind::group ? scope->groups : scope->users;
    std::vector<Grant>& grants = by_name[subject.key];
    if (really) grants.push_back({&binding, i});
    else std::erase_if(grants, [&](const Grant& grant) { return grant.binding == &binding; });
    if (grants.empty()) by_name.erase(subject.key);
  }
  if (!binding.name_space.empty() && scope->users.empty() && scope->groups.empty())
    namespaces_.erase(binding.name_space);
}

template <class See>
bool RoleIndex::visit_scope(const Scope& scope, const User& user, See& see) {
  const auto all = [&](const ByName<std::vector<Grant>>& by_name, std::string_view name) {
    const auto found = by_name.find(name);
    return found != by_name.end() && std::any_of(found->second.begin(), found->second.end(), see);
  };
  if (all(scope.users, user.name)) return true;
  return std::any_of(user.groups.begin(), user.groups.end(),
                     [&](const std::string& group) { return all(scope.groups, group); });
}

template <class See>
bool RoleIndex::visit(const User& user, std::string_view name_space, See see) const {
  if (visit_scope(*cluster_, user, see)) return true;
  if (name_space.empty()) return false;
  const auto scope = namespaces_.find(name_space);
  return scope != namespaces_.end() && visit_scope(*scope->second, user, see);
}

namespace {

// As an aggregate of errors is printed: each once, several in brackets.
std::string print_errors(const std::vector<std::string>& errors) {
  std::string out;
  for (const std::string& error : errors) out += text("{}{}", out.empty() ? "" : ", ", error);
  return errors.size() > 1 ? text("[{}]", out) : out;
}

void add_once(std::vector<std::string>& list, std::string item) {
  if (!contains(list, item)) list.push_back(std::move(item));
}

}  // namespace

Verdict RoleIndex::authorize(const User& user, const Attributes& wanted) const {
  Verdict verdict;
  std::vector<std::string> missing;
  const bool allowed = visit(user, wanted.name_space, [&](const Grant& grant) {
    const Role& role = *grant.binding->role;
    if (!role.rules) {
      add_once(missing, role.missing());
      return false;
    }
    if (!std::any_of(role.rules->begin(), role.rules->end(),
                     [&](const Rule& rule) { return matches(rule, wanted); }))
      return false;
    verdict.reason = grant.binding->reason(grant.subject);
    return true;
  });
  if (allowed) verdict.decision = Decision::allow;
  else if (!missing.empty()) verdict.reason = text("RBAC: {}", print_errors(missing));
  return verdict;
}

std::vector<Rule> RoleIndex::rules_of(const User& user, std::string_view name_space,
                                      std::string* missing) const {
  std::vector<Rule> rules;
  std::vector<std::string> errors;
  visit(user, name_space, [&](const Grant& grant) {
    const Role& role = *grant.binding->role;
    if (role.rules) rules.insert(rules.end(), role.rules->begin(), role.rules->end());
    else add_once(errors, role.missing());
    return false;
  });
  if (missing != nullptr) *missing = print_errors(errors);
  return rules;
}

const std::vector<Rule>* RoleIndex::find_role(std::string_view name_space, std::string_view name) const {
  const auto role = roles_.find(join(name_space, name));
  return role == roles_.end() || !role->second->rules ? nullptr : &*role->second->rules;
}

}  // namespace podo::access
