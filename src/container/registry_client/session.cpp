#include "container/registry_client/session.h"

#include "base/core/version.h"
#include "base/format/base64.h"
#include "base/io/combine.h"
#include "container/registry_client/challenge.h"
#include "container/registry_client/problem.h"

namespace podo::image {
namespace {

constexpr Duration answer_within = seconds(60);
constexpr int redirects_max = 5;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string origin_of(std::string_view url) {
  const auto parsed = http::Url::parse(url);
  return parsed ? parsed->origin() : std::string();
}

// A short body that is read to its end leaves the connection for the next request.
Task<void> drop(http::Response& response) {
  if (response.body) (void)co_await http::read_all(*response.body, 64 << 10).result();
  response.body.reset();
}

}  // namespace

std::string quoted_request(std::string_view method, std::string_view url) {
  std::string verb(method);
  for (std::size_t i = 1; i < verb.size(); ++i) verb[i] = static_cast<char>(verb[i] - 'A' + 'a');
  return text("{} \"{}\"", verb, url);
}

Session::Session(const RegistryGround& ground, TokenService& tokens, Endpoint endpoint,
                 Credentials credentials, std::vector<std::string> scopes)
    : ground_(ground),
      tokens_(tokens),
      endpoint_(std::move(endpoint)),
      origin_(origin_of(endpoint_.base)),
      scopes_(std::move(scopes)) {
  if (!endpoint_.mirror) credentials_ = std::move(credentials);
  if (!credentials_.registry_token.empty()) authorization_ = "Bearer " + credentials_.registry_token;
}

std::string Session::url_of(std::string_view target) const {
  return target.starts_with('/') ? endpoint_.base + std::string(target) : std::string(target);
}

void Session::add_scope(std::string scope) {
  for (const auto& known : scopes_)
    if (known == scope) return;
  scopes_.push_back(std::move(scope));
  if (authorization_.starts_with("Bearer ") && credentials_.registry_token.empty()) authorization_.clear();
}

Result<std::string> Session::located(std::string_view target, std::string_view location) const {
  if (location.empty()) return corrupt("{}: the answer has no Location", url_of(target));
  const http::Url from = TRY(http::Url::parse(url_of(target)));
  http::Url to = TRY(from.resolve(location));
  if (to.scheme != "https" && to.scheme != "http")  // a socket of this machine, say
    return denied("{} leads to {}", url_of(target), to.origin());
  // A registry behind somebody's TLS does not know it: it calls itself by plain HTTP.
  if (from.scheme == "https" && to.scheme == "http" && to.host == from.host) {
    to.scheme = from.scheme;
    to.port = from.port;
  }
  if (from.scheme == "https" && to.scheme != "https" && !endpoint_.insecure)
    return denied("{} leads from https to {}", url_of(target), to.origin());
  return to.to_text();
}

Task<http::Response> Session::send(Ask ask, Patience& patience) {
  for (;;) {
    Result<http::Response> answer = co_await send_once(ask).result();
    if (!answer) {
      if (!may_pass(answer.error())) co_await Failure(std::move(answer).error());
      co_await patience.rest(std::move(answer).error());
      continue;
    }
    if (!may_pass(answer->status)) co_return *std::move(answer);
    const RegistryProblem problem =
        co_await read_problem(*answer, text("{} request to {}", ask.method, url_of(ask.target)));
    co_await patience.rest(problem.to_error(), retry_after(answer->headers));
  }
}

Task<http::Response> Session::send_once(Ask ask) {
  for (bool newest = false;;) {
    const std::string used = authorization_;
    http::Response response = co_await follow(ask);
    if (response.status != 401 || ask.streamed_body != nullptr || newest) co_return std::move(response);
    if (challenges_of(response.headers).empty()) co_return std::move(response);
    // Another strand may have got a new token meanwhile.
    if (authorization_ != used) co_await drop(response);
    else newest = co_await authorize(response, quoted_request(ask.method, url_of(ask.target)));
  }
}

Task<http::Response> Session::follow(const Ask& ask) {
  std::string url = url_of(ask.target);
  for (int count = 0;; ++count) {
    http::Request request{.method = ask.method, .url = url, .headers = ask.headers, .body = ask.body};
    request.streamed_body = ask.streamed_body;
    request.body_size = ask.body_size;
    request.headers.add("User-Agent", text("podo/{}", version()));
    if (!authorization_.empty() && origin_of(url) == origin_)
      request.headers.add("Authorization", authorization_);
    http::Client& client = endpoint_.insecure ? ground_.unverified_client : ground_.client;
    Result<http::Response> answer =
        ask.streamed_body != nullptr
            ? co_await client.send(std::move(request)).result()
            : co_await io::deadline(client.send(std::move(request)), answer_within).result();
    if (!answer && answer.error().kind() == ErrorKind::not_found)  // the host's name; not the image
      co_await internal("{}: {}", quoted_request(ask.method, url), answer.error().message());
    if (!answer) co_await Failure(std::move(answer).error().within(quoted_request(ask.method, url)));
    const bool leads_on = is_redirect(answer->status) && (ask.method == "GET" || ask.method == "HEAD");
    if (!leads_on) co_return *std::move(answer);
    if (count == redirects_max) co_await unavailable("{}: more than {} redirects", url, redirects_max);
    url = co_await located(url, answer->headers.get("Location"));
    co_await drop(*answer);
  }
}

Task<bool> Session::authorize(http::Response& response, std::string asked) {
  const std::vector<Challenge> challenges = challenges_of(response.headers);
  for (const auto& challenge : challenges) {
    if (challenge.scheme != "bearer") continue;
    if (!credentials_.registry_token.empty()) co_return true;  // there is no other one to get
    co_await drop(response);
    co_return co_await authorize_by_token(std::string(challenge.get("realm")),
                                          std::string(challenge.get("service")),
                                          std::string(challenge.get("scope")));
  }
  for (const auto& challenge : challenges) {
    if (challenge.scheme != "basic") continue;
    if (credentials_.user.empty())
      co_await fail(ErrorKind::unauthenticated, asked + ": no basic auth credentials");
    co_await drop(response);
    authorization_ = "Basic " + base64::encode(credentials_.user + ":" + credentials_.password);
    co_return true;
  }
  co_await unsupported("{}: the registry wants to be authorized by {}", asked, challenges.front().scheme);
  co_return true;
}

Task<bool> Session::authorize_by_token(std::string realm, std::string service, std::string scope) {
  TokenRequest request{.realm = std::move(realm), .service = std::move(service), .scopes = scopes_};
  if (request.scopes.empty() && !scope.empty()) request.scopes.push_back(std::move(scope));
  request.credentials = credentials_;
  request.insecure = endpoint_.insecure;
  request.wants_identity = wants_identity_;
  if (authorization_.starts_with("Bearer ")) request.rejected = authorization_.substr(7);
  Token token = co_await tokens_.get(std::move(request));
  authorization_ = "Bearer " + token.token;
  if (!token.identity_token.empty()) identity_token_ = std::move(token.identity_token);
  co_return token.is_new;
}

}  // namespace podo::image
