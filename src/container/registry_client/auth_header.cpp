// The X-Registry-Auth header: base64 (either alphabet, padded or not) of
// {"username","password","auth","identitytoken","registrytoken","serveraddress"}.
#include "base/format/base64.h"
#include "base/format/json.h"
#include "container/registry_client/credential_text.h"
#include "container/registry_client/registry.h"

namespace podo::image {

Result<Credentials> decode_registry_auth(std::string_view header) {
  Credentials credentials;
  if (header.empty()) return credentials;
  std::string text(header);
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (text.ends_with('=')) text.pop_back();
  text.append((4 - text.size() % 4) % 4, '=');
  auto decoded = base64::decode(text);
  if (!decoded) return invalid("invalid X-Registry-Auth header: {}", decoded.error().message());
  if (decoded->empty()) return credentials;
  const auto document = json::parse(*std::move(decoded));
  if (!document) return invalid("invalid X-Registry-Auth header: {}", document.error().message());
  const json::Field root(*document);
  TRY(root.object());
  credentials.user = TRY(root["username"].string_or(""));
  credentials.password = TRY(root["password"].string_or(""));
  credentials.identity_token = TRY(root["identitytoken"].string_or(""));
  credentials.registry_token = TRY(root["registrytoken"].string_or(""));
  if (const auto pair = TRY(root["auth"].string_or("")); credentials.user.empty() && !pair.empty())
    TRY(read_user_and_password(pair, credentials));
  return credentials;
}

std::string encode_registry_auth(const Credentials& credentials, std::string_view domain) {
  json::Writer out;
  out.object();
  const auto member = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) out.key(key).string(value);
  };
  member("username", credentials.user);
  member("password", credentials.password);
  member("identitytoken", credentials.identity_token);
  member("registrytoken", credentials.registry_token);
  member("serveraddress", domain == "docker.io" ? "https://index.docker.io/v1/" : domain);
  std::string text = base64::encode(out.end().take());
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

}  // namespace podo::image
