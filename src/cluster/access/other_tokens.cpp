#include "cluster/access/other_tokens.h"

#include <algorithm>

#include "base/core/timestamp.h"
#include "base/format/base64.h"

namespace podo::access {
namespace {

bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned differences = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differences |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differences == 0;
}

// A field of CSV (RFC 4180), and what stands behind its comma.
Result<std::string> take_field(std::string_view& line, bool& more) {
  std::string field;
  if (!line.empty() && line.front() == '"') {
    std::size_t at = 1;
    for (;; ++at) {
      if (at >= line.size()) return invalid("a quote without its end");
      if (line[at] != '"') field += line[at];
      else if (at + 1 < line.size() && line[at + 1] == '"') field += line[at++];
      else break;
    }
    line.remove_prefix(at + 1);
    if (!line.empty() && line.front() != ',') return invalid("text behind a quoted field");
  } else {
    field = line.substr(0, line.find(','));
    line.remove_prefix(field.size());
  }
  more = !line.empty();
  if (more) line.remove_prefix(1);
  return field;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const std::size_t first = item.find_first_not_of(' ');
    if (first != item.npos) list.emplace_back(item.substr(first, item.find_last_not_of(' ') + 1 - first));
  }
  return list;
}

Result<StaticToken> read_line(std::string_view line) {
  std::vector<std::string> fields;
  for (bool more = true; more;) fields.push_back(TRY(take_field(line, more)));
  if (fields.size() < 3) return invalid("token, user and uid are needed");
  if (fields[0].empty() || fields[1].empty()) return invalid("token and user may not be empty");
  StaticToken token{.token = fields[0], .user = {.name = fields[1], .uid = fields[2]}};
  if (fields.size() > 3) token.user.groups = split_list(fields[3]);
  return token;
}

bool is_word(std::string_view text, std::size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

std::string data_at(const json::Item& secret, std::string_view key) {
  const json::Item* item = secret.find("data", key);
  const auto bytes = item == nullptr ? Result<std::string>("") : base64::decode(item->string_or(""));
  return bytes ? *bytes : std::string();
}

// "system:bootstrappers:" and letters, digits, '-' and ':', at the end no sign.
bool is_bootstrap_group(std::string_view group) {
  constexpr std::string_view prefix = "system:bootstrappers:";
  if (!group.starts_with(prefix) || group.size() == prefix.size() || group.size() > prefix.size() + 256)
    return false;
  group.remove_prefix(prefix.size());
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return alphanumeric(group.back()) && std::all_of(group.begin(), group.end(), [&](char c) {
           return alphanumeric(c) || c == '-' || c == ':';
         });
}

}  // namespace

Result<std::vector<StaticToken>> read_static_tokens(std::string_view csv) {
  std::vector<StaticToken> tokens;
  for (std::size_t number = 1; !csv.empty(); ++number) {
    std::string_view line = csv.substr(0, csv.find('\n'));
    csv.remove_prefix(std::min(line.size() + 1, csv.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    tokens.push_back(TRY_IN(text("line {}", number), read_line(line)));
  }
  return tokens;
}

const User* find_static(const std::vector<StaticToken>& tokens, std::string_view token) {
  const User* found = nullptr;
  for (const StaticToken& known : tokens)
    if (same_secret(known.token, token)) found = &known.user;
  return found;
}

std::optional<BootstrapToken> split_bootstrap(std::string_view token) {
  const std::size_t dot = token.find('.');
  if (dot == token.npos) return {};
  const BootstrapToken parts{token.substr(0, dot), token.substr(dot + 1)};
  if (!is_word(parts.id, 6) || !is_word(parts.secret, 16)) return {};
  return parts;
}

std::optional<User> bootstrap_user(const BootstrapToken& token, const json::Item& secret, Wall now) {
  const json::Item* type = secret.find("type");
  if (type == nullptr || type->string_or("") != "bootstrap.kubernetes.io/token") return {};
  if (secret.find("metadata", "deletionTimestamp") != nullptr) return {};
  if (!same_secret(data_at(secret, "token-secret"), token.secret)) return {};
  if (data_at(secret, "token-id") != token.id) return {};
  if (const std::string expiration = data_at(secret, "expiration"); !expiration.empty()) {
    const auto at = parse_rfc3339(expiration);
    if (!at || *at < now) return {};
  }
  if (data_at(secret, "usage-bootstrap-authentication") != "true") return {};
  User user{.name = text("system:bootstrap:{}", token.id), .groups = {"system:bootstrappers"}};
  for (std::string& group : split_list(data_at(secret, "auth-extra-groups"))) {
    if (!is_bootstrap_group(group)) return {};
    user.groups.push_back(std::move(group));
  }
  return user;
}

}  // namespace podo::access
