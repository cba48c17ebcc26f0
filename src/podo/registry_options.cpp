#include "podo/registry_options.h"

#include "base/core/number.h"
#include "base/core/text.h"

namespace podo {

const char registry_flags_help[] =
    "      --listen HOST:PORT       where it is served (default 127.0.0.1:5000); beyond this machine it "
    "needs\n"
    "                               users or tokens, or --no-auth\n"
    "      --tls-cert FILE, --tls-key FILE  serve HTTPS\n"
    "      --users FILE             who may pull and push: a file of htpasswd -B\n"
    "      --token-realm URL, --token-service NAME, --token-issuer NAME, --token-cert FILE\n"
    "                               bearer tokens of this authority decide who may do what\n"
    "      --no-auth                whoever reaches it may pull and push\n"
    "      --read-only              nothing is pushed or deleted\n"
    "      --no-delete              manifests, tags and blobs are not deleted on request\n"
    "      --proxy URL              be a pull-through cache of that registry\n"
    "      --proxy-user USER:PASSWORD  who we are there\n"
    "      --collect-every SECONDS  garbage collection (default 3600; 0: never)\n"
    "      --collect-untagged       manifests without a tag are garbage\n"
    "      --hold SECONDS           what a push was told of is no garbage for so long (default 3600)\n";

namespace {

using RegistryFlag = Flag<RegistryOptions>;

RegistryFlag server_text(std::string name, std::string registry::ServerOptions::* member) {
  return {std::move(name), "", true, [member](RegistryOptions& options, std::string_view value) -> Result<> {
            options.server.*member = value;
            return {};
          }};
}
RegistryFlag token_text(std::string name, std::string registry::ServerOptions::Token::* member) {
  return {std::move(name), "", true, [member](RegistryOptions& options, std::string_view value) -> Result<> {
            options.server.token.*member = value;
            return {};
          }};
}
RegistryFlag server_switch(std::string name, bool registry::ServerOptions::* member, bool becomes) {
  return {std::move(name), "", false,
          [member, becomes](RegistryOptions& options, std::string_view) -> Result<> {
            options.server.*member = becomes;
            return {};
          }};
}
RegistryFlag server_seconds(std::string name, Duration registry::ServerOptions::* member) {
  return {name, "", true, [name, member](RegistryOptions& options, std::string_view value) -> Result<> {
            const auto count = whole_number<std::int64_t>(value);
            if (!count || *count < 0 || *count > 1'000'000'000)
              return invalid("--{} {}: expected a number of seconds", name, value);
            options.server.*member = seconds(*count);
            return {};
          }};
}

Result<> read_proxy_user(RegistryOptions& options, std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) return invalid("--proxy-user: expected USER:PASSWORD");
  options.server.proxy_credentials.user = value.substr(0, colon);
  options.server.proxy_credentials.password = value.substr(colon + 1);
  return {};
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_loopback(std::string_view listen) {
  return listen.starts_with("127.") || listen.starts_with("[::1]:");
}

}  // namespace

std::vector<RegistryFlag> registry_flags() {
  using Server = registry::ServerOptions;
  return {
      text_flag("tls-cert", &RegistryOptions::tls_certificate),
      text_flag("tls-key", &RegistryOptions::tls_key),
      switch_flag("no-auth", &RegistryOptions::no_auth, true),
      server_text("users", &Server::users_file),
      token_text("token-realm", &Server::Token::realm),
      token_text("token-service", &Server::Token::service),
      token_text("token-issuer", &Server::Token::issuer),
      token_text("token-cert", &Server::Token::certificate_file),
      server_switch("read-only", &Server::read_only, true),
      server_switch("no-delete", &Server::deletes, false),
      server_text("proxy", &Server::proxy_of),
      {"proxy-user", "", true, read_proxy_user},
      server_seconds("collect-every", &Server::collect_every),
      server_switch("collect-untagged", &Server::collect_untagged, true),
      server_seconds("hold", &Server::held),
  };
}

Result<> check(RegistryOptions& options, std::string_view prefix) {
  if (options.listen.empty()) return {};
  if (is_number(options.listen)) options.listen = "127.0.0.1:" + options.listen;
  if (options.listen.starts_with("localhost:")) options.listen.replace(0, 9, "127.0.0.1");
  if (options.listen.starts_with(':')) options.listen.insert(0, "0.0.0.0");
  if (options.tls_certificate.empty() != options.tls_key.empty())
    return invalid("--{}tls-cert and --{}tls-key belong together", prefix, prefix);
  const bool asks = !options.server.users_file.empty() || !options.server.token.realm.empty();
  if (asks && options.no_auth) return invalid("--{}no-auth contradicts --{}users and tokens", prefix, prefix);
  if (!asks && !options.no_auth && !is_loopback(options.listen))
    return invalid(
        "{}: whoever reaches it may pull and push. Give --{}users or --{}token-realm, or say --{}no-auth",
        options.listen, prefix, prefix, prefix);
  return {};
}

}  // namespace podo
