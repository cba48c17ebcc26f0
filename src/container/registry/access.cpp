#include "container/registry/access.h"

#include <algorithm>

#include "base/format/base64.h"

namespace podo::registry {
namespace {

// "Basic abc" with "basic" -> "abc"
std::optional<std::string_view> credentials_of(const http::Headers& headers, std::string_view scheme) {
  std::string_view value = headers.get("Authorization");
  if (value.size() <= scheme.size() || !http::same_name(value.substr(0, scheme.size()), scheme) ||
      value[scheme.size()] != ' ')
    return std::nullopt;
  value.remove_prefix(scheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

}  // namespace

std::string Need::scope() const {
  std::string scope = type + ":" + name + ":";
  for (std::size_t i = 0; i < actions.size(); ++i) scope += (i == 0 ? "" : ",") + actions[i];
  return scope;
}

bool Caller::may(const Need& need) const {
  if (!known) return false;
  if (everything || need.type.empty()) return true;
  return std::all_of(need.actions.begin(), need.actions.end(), [&](const std::string& action) {
    return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
      const auto& given = grant.actions;
      return grant.type == need.type && grant.name == need.name &&
             (std::find(given.begin(), given.end(), action) != given.end() ||
              std::find(given.begin(), given.end(), "*") != given.end());
    });
  });
}

Result<std::unique_ptr<Access>> Access::open(io::BlockingPool& pool, Clock& clock, Random& random, Log& log,
                                             Options options) {
  std::unique_ptr<Access> access(new Access(clock, std::move(options)));
  const Options& chosen = access->options_;
  if (!chosen.users_file.empty() && !chosen.realm.empty())
    return invalid("users and tokens exclude each other: give a file of users, or a token realm");
  if (!chosen.users_file.empty())
    access->users_ = TRY(Users::open(pool, clock, random, log, chosen.users_file));
  if (!chosen.realm.empty())
    access->verifier_ = TRY(TokenVerifier::open(chosen.issuer, chosen.service, chosen.certificate_file));
  return access;
}

Task<Caller> Access::identify(const http::Headers& headers) {
  if (open_to_all()) co_return Caller{.known = true, .everything = true};
  if (users_ != nullptr) {
    const auto encoded = credentials_of(headers, "Basic");
    if (!encoded) co_return Caller{};
    const Result<std::string> pair = base64::decode(*encoded);
    const std::size_t colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) co_return Caller{};
    const bool right = co_await users_->check(pair->substr(0, colon), pair->substr(colon + 1));
    co_return Caller{.known = right, .everything = right};
  }
  const auto token = credentials_of(headers, "Bearer");
  if (!token) co_return Caller{};
  Result<std::vector<Grant>> grants = verifier_->verify(*token, clock_.wall());
  if (!grants) co_return Caller{.trouble = "invalid_token"};
  co_return Caller{.known = true, .grants = *std::move(grants)};
}

std::string Access::challenge(const Caller& caller, const Need& need) const {
  if (users_ != nullptr) return "Basic realm=\"podo registry\", charset=\"UTF-8\"";
  std::string challenge = text("Bearer realm=\"{}\",service=\"{}\"", options_.realm, options_.service);
  if (!need.type.empty()) challenge += text(",scope=\"{}\"", need.scope());
  if (!caller.trouble.empty()) challenge += text(",error=\"{}\"", caller.trouble);
  else if (caller.known) challenge += ",error=\"insufficient_scope\"";
  return challenge;
}

}  // namespace podo::registry
