// Impersonation: a user asks as another one, if the verb `impersonate` is granted for every part of whom:
// the user (or service account), each group, the uid, and each value of extra.
//
//   Impersonate-User: NAME     Impersonate-Group: GROUP (many)     Impersonate-Uid: UID
//   Impersonate-Extra-KEY: VALUE (many; KEY percent-encoded)

#include <algorithm>

#include "cluster/access/local_access.h"
#include "cluster/access/service_tokens.h"

namespace podo::access {
namespace {

constexpr std::string_view extra_prefix = "Impersonate-Extra-";
constexpr std::string_view authentication_group = "authentication.k8s.io";

struct Wish {
  std::string user, uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
  bool empty() const { return user.empty() && uid.empty() && groups.empty() && extra.empty(); }
};

Wish read_wish(const http::Headers& headers) {
  Wish wish;
  for (const http::Headers::Field& field : headers) {
    if (http::same_name(field.name, "Impersonate-User")) wish.user = field.value;
    else if (http::same_name(field.name, "Impersonate-Uid")) wish.uid = field.value;
    else if (http::same_name(field.name, "Impersonate-Group")) wish.groups.push_back(field.value);
    else if (field.name.size() > extra_prefix.size() &&
             http::same_name(std::string_view(field.name).substr(0, extra_prefix.size()), extra_prefix)) {
      std::string key = field.name.substr(extra_prefix.size());
      std::transform(key.begin(), key.end(), key.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      wish.extra[http::percent_decode(key)].push_back(field.value);
    }
  }
  return wish;
}

}  // namespace

Result<> LocalAccess::may_impersonate(const User& user, const Attributes& whom) const {
  const Verdict verdict = authorize(user, whom);
  if (verdict.decision == Decision::allow) return {};
  return denied("{}{}{} \"{}\" is forbidden: {}", whom.resource, whom.group.empty() ? "" : ".", whom.group,
                whom.name, forbidden_message(user, whom, verdict.reason));
}

Result<User> LocalAccess::impersonated(User user, const http::Headers& headers) const {
  Wish wish = read_wish(headers);
  if (wish.empty()) return user;
  if (wish.user.empty()) return invalid("requested groups, uid or extra without impersonating a user");
  const auto account = account_of(wish.user);
  Attributes whom{.verb = "impersonate", .version = "v1", .resource = "users", .name = wish.user};
  if (account) {
    whom.resource = "serviceaccounts";
    whom.name_space = account->name_space;
    whom.name = account->name;
  }
  TRY(may_impersonate(user, whom));
  for (const std::string& group : wish.groups)
    TRY(may_impersonate(user, {.verb = "impersonate", .version = "v1", .resource = "groups", .name = group}));
  Attributes detail{.verb = "impersonate", .group = authentication_group, .version = "v1"};
  detail.resource = "userextras";
  for (const auto& [key, values] : wish.extra)
    for (const std::string& value : values) {
      detail.subresource = key;
      detail.name = value;
      TRY(may_impersonate(user, detail));
    }
  if (!wish.uid.empty())
    TRY(may_impersonate(user, {.verb = "impersonate",
                               .group = authentication_group,
                               .version = "v1",
                               .resource = "uids",
                               .name = wish.uid}));
  if (account && wish.groups.empty()) wish.groups = account_groups(account->name_space);
  User other{.name = std::move(wish.user), .uid = std::move(wish.uid), .groups = std::move(wish.groups)};
  other.extra = std::move(wish.extra);
  add_everybodys_group(other);
  other.impersonator = std::make_shared<const User>(std::move(user));
  return other;
}

}  // namespace podo::access
