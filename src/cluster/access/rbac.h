// RoleIndex: all roles and bindings, by who is given what, so that a question costs a few look-ups by name
// and a walk over the rules of that user's own roles. It is told of objects as they change; each is parsed
// then.
//
//   index.put(role); index.put(binding); index.remove("ClusterRole", "", "view");
//   Verdict verdict = index.authorize(user, attributes);
//
// A binding may come before its role, and stay when the role goes; then a question that meets it says so in
// its reason. Lives on the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/access/access.h"

namespace podo::access {

class RoleIndex {
 public:
  RoleIndex();
  ~RoleIndex();

  // Role, ClusterRole, RoleBinding or ClusterRoleBinding; takes the place of what had the name.
  void put(const json::Item& object);
  void remove(std::string_view kind, std::string_view name_space, std::string_view name);

  // allow, or no_opinion: nothing here denies.
  Verdict authorize(const User& user, const Attributes& wanted) const;
  // Of all the user is given in the cluster and, unless it is "", in the namespace. `missing`: roles that
  // are named but not there, as authorize() words it.
  std::vector<Rule> rules_of(const User& user, std::string_view name_space,
                             std::string* missing = nullptr) const;
  // Null: there is no such role. name_space "": a ClusterRole.
  const std::vector<Rule>* find_role(std::string_view name_space, std::string_view name) const;

  std::size_t bindings() const { return bindings_.size(); }

 private:
  struct Role;
  struct Binding;
  struct Scope;
  struct Grant {
    const Binding* binding;
    std::uint32_t subject;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class T>
  using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  Role& role_slot(std::string_view name_space, std::string_view name);
  void put_binding(const json::Item& object, std::string_view name_space, std::string_view name);
  void give(const Binding& binding, bool really);
  // Calls see(grant) for each until it says stop (true).
  template <class See>
  bool visit(const User& user, std::string_view name_space, See see) const;
  template <class See>
  static bool visit_scope(const Scope& scope, const User& user, See& see);

  std::map<std::string, std::unique_ptr<Role>, std::less<>> roles_;        // "NAMESPACE/NAME"
  std::map<std::string, std::unique_ptr<Binding>, std::less<>> bindings_;  // "NAMESPACE/NAME"
  std::unique_ptr<Scope> cluster_;
  ByName<std::unique_ptr<Scope>> namespaces_;
};

}  // namespace podo::access
