#include "container/registry_client/tokens.h"

#include <algorithm>

#include "base/crypto/digest.h"
#include "base/format/base64.h"
#include "base/format/json.h"
#include "base/io/combine.h"
#include "container/registry_client/problem.h"

namespace podo::image {
namespace {

constexpr std::string_view client_id = "docker";  // services may refuse clients they do not know
constexpr std::size_t answer_bytes_max = 1 << 20, kept_max = 256;
constexpr Duration answer_within = seconds(30);

std::string key_of(const TokenRequest& request) {
  const Credentials& c = request.credentials;
  std::string key = request.realm + '\n' + request.service + '\n';
  for (const auto& scope : request.scopes) key += scope + ' ';
  return key + '\n' + crypto::digest_of(text("{}\n{}\n{}", c.user, c.password, c.identity_token));
}

// Secrets go where the registry's own TLS would have protected them, or not at all.
Result<http::Url> check_realm(const TokenRequest& request) {
  http::Url url = TRY_IN("the registry's token service", http::Url::parse(request.realm));
  if (url.scheme != "https" && !(request.insecure && url.scheme == "http"))
    return denied("the registry's token service {} is not reached by https", url.origin());
  return url;
}

std::string joined(const std::vector<std::string>& scopes) {
  std::string out;
  for (const auto& scope : scopes) out += (out.empty() ? "" : " ") + scope;
  return out;
}

http::Request form_request(const TokenRequest& request) {
  http::Query form;
  form.add("grant_type", "refresh_token");
  form.add("service", request.service);
  form.add("client_id", std::string(client_id));
  if (!request.scopes.empty()) form.add("scope", joined(request.scopes));
  form.add("refresh_token", request.credentials.identity_token);
  return {.method = "POST",
          .url = request.realm,
          .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
          .body = form.to_text()};
}

http::Request query_request(const TokenRequest& request, const http::Url& realm) {
  const Credentials& credentials = request.credentials;
  http::Query query;
  if (!credentials.user.empty()) query.add("account", credentials.user);
  query.add("client_id", std::string(client_id));
  if (request.wants_identity) query.add("offline_token", "true");
  if (!request.service.empty()) query.add("service", request.service);
  for (const auto& scope : request.scopes) query.add("scope", scope);
  http::Request out{.url = realm.to_text()};
  out.url += (realm.target.contains('?') ? '&' : '?') + query.to_text();
  if (!credentials.user.empty())
    out.headers.add("Authorization",
                    "Basic " + base64::encode(credentials.user + ":" + credentials.password));
  return out;
}

struct Answer {
  Token token;
  std::int64_t lifetime_s = 60;
};
Result<Answer> read_answer(std::string body) {
  const json::Document document = TRY(json::parse(std::move(body)));
  const json::Field root(document);
  Answer answer;
  answer.token.token = TRY(root["token"].string_or(""));
  if (answer.token.token.empty()) answer.token.token = TRY(root["access_token"].string_or(""));
  answer.token.identity_token = TRY(root["refresh_token"].string_or(""));
  answer.lifetime_s = TRY(root["expires_in"].int64_or(60));
  if (answer.token.token.empty()) return invalid("it has no token");
  return answer;
}

}  // namespace

Task<Token> TokenService::get(TokenRequest request) {
  const std::string key = key_of(request);
  if (const auto found = kept_.find(key); found != kept_.end() && !request.wants_identity) {
    if (found->second.until > ground_.clock.now() && found->second.token != request.rejected)
      co_return Token{.token = found->second.token, .is_new = false};
    kept_.erase(found);
  }
  http::Response response = co_await ask(request);
  if (response.status != 200) {
    RegistryProblem problem = co_await read_problem(response, text("token request to {}", request.realm));
    co_await Failure(problem.to_error());
  }
  Result<Answer> answer = read_answer(co_await http::read_all(*response.body, answer_bytes_max));
  if (!answer) co_await corrupt("the answer of {}: {}", request.realm, answer.error().message());
  keep(key, answer->token.token, answer->lifetime_s);
  co_return answer->token;
}

Task<http::Response> TokenService::ask(const TokenRequest& request) {
  const http::Url realm = co_await check_realm(request);
  http::Client& client = request.insecure ? ground_.unverified_client : ground_.client;
  if (request.credentials.identity_token.empty())
    co_return co_await io::deadline(client.send(query_request(request, realm)), answer_within);
  http::Response response = co_await io::deadline(client.send(form_request(request)), answer_within);
  co_return std::move(response);
}

// A token is given up a little early: it must not expire on its way.
void TokenService::keep(std::string key, std::string token, std::int64_t lifetime_s) {
  const std::int64_t usable_s = lifetime_s - std::min<std::int64_t>(10, lifetime_s / 4);
  if (usable_s <= 0) return;
  const Monotonic now = ground_.clock.now();
  std::erase_if(kept_, [now](const auto& entry) { return entry.second.until <= now; });
  if (kept_.size() >= kept_max) kept_.clear();
  kept_.insert_or_assign(std::move(key),
                         Kept{std::move(token), now + seconds(std::min<std::int64_t>(usable_s, 86'400))});
}

}  // namespace podo::image
