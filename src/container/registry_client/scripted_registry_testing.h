// A registry that does as it is told: right by itself, wrong where a fault was put in its way.
#pragma once

#include <doctest/doctest.h>

#include <deque>

#include "base/http/server.h"
#include "base/io/timer.h"
#include "container/registry_client/content_testing.h"

namespace podo::image {

using io::Task;

// What happens to one request, instead of or on the way to the right answer.
struct Fault {
  int status = 0;  // not 0: this answer
  http::Headers headers = {};
  std::string body = {};
  std::int64_t breaks_after = -1;  // bytes of the body, then the connection is gone
  std::int64_t stalls_after = -1;  // bytes of the body, then nothing more comes
};

class ScriptedRegistry final : public http::Handler, public RegistryContent {
 public:
  std::map<std::string, std::deque<Fault>> faults;  // by a part of "METHOD path?query"
  std::vector<std::string> log;                     // "METHOD path?query [authorization]"
  std::string realm;                                // not "": a token is wanted, from there
  std::string basic;                                // not "": this Authorization is wanted
  std::string token_wants;                          // the Authorization that the token service wants
  std::string token_form;                           // of the last POST for a token
  std::string token_scopes;                         // of the last token
  int tokens = 0;
  bool ranges = true, mounts = true;

  int count(std::string_view part) const {
    int n = 0;
    for (const auto& line : log) n += line.contains(part) ? 1 : 0;
    return n;
  }

  Task<void> handle(http::Exchange& exchange) override {
    std::string line = text("{} {}", exchange.method(), exchange.path());
    if (const std::string query = exchange.query().to_text(); !query.empty()) line += "?" + query;
    const std::string authorization(exchange.headers().get("Authorization"));
    log.push_back(line + (authorization.empty() ? "" : " [" + authorization + "]"));
    Fault fault;
    for (auto& [part, queue] : faults) {
      if (!line.contains(part) || queue.empty()) continue;
      fault = queue.front();
      queue.pop_front();
      break;
    }
    if (fault.status != 0) {
      co_await exchange.respond(fault.status, fault.headers, fault.body);
    } else if (exchange.path() == "/token") {
      co_await give_token(exchange, authorization);
    } else if (!is_authorized(authorization)) {
      co_await ask_for_authorization(exchange);
    } else {
      co_await answer(exchange, std::string(exchange.path()), fault);
    }
  }

 private:
  bool is_authorized(const std::string& authorization) const {
    if (!basic.empty()) return authorization == basic;
    return realm.empty() || authorization == text("Bearer token{}", tokens);
  }
  Task<void> ask_for_authorization(http::Exchange& exchange) {
    http::Headers headers = {{"Content-Type", "application/json"}};
    headers.add("WWW-Authenticate", basic.empty() ? text(R"(Bearer realm="{}",service="the registry")", realm)
                                                  : R"(Basic realm="here")");
    co_await exchange.respond(401, headers,
                              R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})");
  }
  Task<void> give_token(http::Exchange& exchange, const std::string& authorization) {
    token_scopes.clear();
    for (const auto scope : exchange.query().all("scope")) token_scopes += std::string(scope) + ";";
    if (exchange.method() == "POST") token_form = co_await http::read_all(exchange.body(), 1 << 16);
    else if (authorization != token_wants)
      co_return co_await exchange.respond(401, {}, R"({"details":"incorrect username or password"})");
    co_await exchange.respond(
        200, {}, text(R"({{"token":"token{}","expires_in":300,"refresh_token":"id"}})", ++tokens));
  }

  static Task<void> fail_with(http::Exchange& exchange, int status, std::string_view code,
                              std::string_view message) {
    co_await exchange.respond(status, {{"Content-Type", "application/json"}},
                              text(R"({{"errors":[{{"code":"{}","message":"{}"}}]}})", code, message));
  }

  Task<void> answer(http::Exchange& exchange, std::string path, const Fault& fault) {
    if (path == "/v2/") co_return co_await exchange.respond(200, {}, "{}");
    path = path.substr(4);
    if (const std::size_t at = path.find("/manifests/"); at != path.npos)
      co_return co_await answer_manifest(exchange, path.substr(0, at), path.substr(at + 11));
    if (path.contains("/blobs/uploads/")) co_return co_await answer_upload(exchange, path);
    if (const std::size_t at = path.find("/blobs/"); at != path.npos)
      co_return co_await answer_blob(exchange, path.substr(at + 7), fault);
    co_await fail_with(exchange, 404, "UNSUPPORTED", "what?");
  }

  Task<void> answer_manifest(http::Exchange& exchange, std::string repository, std::string which) {
    const std::string key = repository + (which.contains(':') ? "@" : ":") + which;
    if (exchange.method() == "PUT") {
      std::string bytes = co_await http::read_all(exchange.body(), 4 << 20);
      const std::string digest = crypto::digest_of(bytes);
      manifests[key] = {std::string(exchange.headers().get("Content-Type")), std::move(bytes)};
      co_return co_await exchange.respond(201, {{"Docker-Content-Digest", digest}}, "");
    }
    const auto found = manifests.find(key);
    if (found == manifests.end())
      co_return co_await fail_with(exchange, 404, "MANIFEST_UNKNOWN", "manifest unknown");
    http::Headers headers = {{"Content-Type", found->second.type}};
    headers.add("Docker-Content-Digest", crypto::digest_of(found->second.bytes));
    co_await exchange.respond(200, headers, found->second.bytes);
  }

  Task<void> answer_blob(http::Exchange& exchange, std::string digest, const Fault& fault) {
    const auto found = blobs.find(digest);
    if (found == blobs.end()) co_return co_await fail_with(exchange, 404, "BLOB_UNKNOWN", "blob unknown");
    std::string_view bytes = found->second;
    int status = 200;
    http::Headers headers;
    if (const auto range = exchange.headers().find("Range"); range && ranges) {
      const std::size_t start = static_cast<std::size_t>(::atoll(std::string(range->substr(6)).c_str()));
      headers.add("Content-Range", text("bytes {}-{}/{}", start, bytes.size() - 1, bytes.size()));
      bytes.remove_prefix(start);
      status = 206;
    }
    headers.add("Content-Length", text("{}", bytes.size()));
    if (exchange.method() == "HEAD") co_return co_await exchange.respond(status, headers, "");
    co_await exchange.begin(status, headers);
    const std::int64_t stop = std::max(fault.breaks_after, fault.stalls_after);
    if (stop >= 0) bytes = bytes.substr(0, static_cast<std::size_t>(stop));
    co_await exchange.write(bytes);
    if (fault.breaks_after >= 0) co_await unavailable("the cable is cut");
    if (fault.stalls_after >= 0) co_await io::sleep(seconds(100'000));
    co_await exchange.end();
  }

  std::string upload_;
  Task<void> answer_upload(http::Exchange& exchange, std::string path) {
    const http::Query& query = exchange.query();
    http::Headers headers = {{"Location", text("/v2/{}session?state=x%2Fy", path)}};
    if (exchange.method() == "POST") {
      upload_.clear();
      if (query.find("mount") && mounts && blobs.contains(query.get("mount")))
        co_return co_await exchange.respond(201, {}, "");
      co_return co_await exchange.respond(202, headers, "");
    }
    headers.set("Location", text("/v2/{}?state=x%2Fy", path));
    if (exchange.method() != "GET") upload_ += co_await http::read_all(exchange.body(), 1 << 28);
    if (!upload_.empty()) headers.add("Range", text("0-{}", upload_.size() - 1));
    if (exchange.method() == "GET") co_return co_await exchange.respond(204, headers, "");
    if (exchange.method() == "PATCH") co_return co_await exchange.respond(202, headers, "");
    const std::string digest = crypto::digest_of(upload_);
    if (digest != query.get("digest"))
      co_return co_await fail_with(exchange, 400, "DIGEST_INVALID", "provided digest did not match");
    blobs[digest] = std::exchange(upload_, {});
    co_await exchange.respond(201, {}, "");
  }
};

}  // namespace podo::image
