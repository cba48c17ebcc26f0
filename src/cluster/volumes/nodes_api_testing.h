// An API server as nodes know it, for the tests of this room.
#pragma once

#include <doctest/doctest.h>

#include <map>

#include "base/core/timestamp.h"
#include "base/format/base64.h"
#include "base/io/condition.h"
#include "cluster/client/client.h"
#include "model/kube/path.h"
#include "model/kube/schema.h"

namespace podo::volumes {

using io::Task;

// Objects by path, token requests; lists and watches of single objects only, as the Node authorizer has it.
class NodesApi final : public http::Handler {
 public:
  explicit NodesApi(Clock& clock) : clock_(clock) {}

  void put(const std::string& path, std::string_view object) {
    json::Tree tree = *json::Tree::parse(std::string(object));
    json::Item& metadata = tree.root().member("metadata");
    metadata.member("name").set_string(path.substr(path.rfind('/') + 1));
    if (path.starts_with("/api/v1/namespaces/ns/")) metadata.member("namespace").set_string("ns");
    metadata.member("resourceVersion").set_string(text("{}", ++version_));
    const bool is_new = !there_.contains(path);
    there_[path] = tree.to_text();
    tell(is_new ? "ADDED" : "MODIFIED", path, there_[path]);
  }
  void erase(const std::string& path) {
    tell("DELETED", path, there_[path]);
    there_.erase(path);
  }

  int tokens = 0, watches = 0, too_much = 0;
  bool broken = false;
  std::string last_token_request = {};

  Task<void> handle(http::Exchange& exchange) override {
    const std::string path(exchange.path());
    const std::string body = co_await http::read_all(exchange.body(), 1 << 20);
    if (broken) co_return co_await refuse(exchange, 500, "InternalError", "broken");
    if (path.ends_with("/token")) co_return co_await make_token(exchange, body);
    if (const auto found = there_.find(path); found != there_.end())
      co_return co_await exchange.respond(200, {}, found->second);
    const std::string_view fields = exchange.query().get("fieldSelector");
    const bool one = fields.starts_with("metadata.name=");
    if (path.ends_with("configmaps") || path.ends_with("secrets")) {
      too_much += !one;
      if (!one) co_return co_await refuse(exchange, 403, "Forbidden", "may not be listed");
      const std::string wanted = path + "/" + std::string(fields.substr(fields.find('=') + 1));
      if (exchange.query().find("watch")) co_return co_await watch(exchange, wanted);
      const auto found = there_.find(wanted);
      co_return co_await exchange.respond(
          200, {},
          text(R"({{"kind":"List","metadata":{{"resourceVersion":"{}"}},"items":[{}]}})", version_,
               found != there_.end() ? found->second : ""));
    }
    const std::size_t slash = path.rfind('/');
    const std::string_view plural = std::string_view(path).substr(0, slash);
    co_await refuse(
        exchange, 404, "NotFound",
        text("{} \\\"{}\\\" not found", plural.substr(plural.rfind('/') + 1), path.substr(slash + 1)));
  }

 private:
  static Task<void> refuse(http::Exchange& exchange, int code, std::string_view reason, std::string message) {
    co_await exchange.respond(
        code, {},
        text(R"({{"kind":"Status","reason":"{}","message":"{}","code":{}}})", reason, message, code));
  }

  void tell(std::string_view type, const std::string& path, std::string_view object) {
    events_.emplace_back(path, text("{{\"type\":\"{}\",\"object\":{}}}\n", type, object));
    changed_.notify_all();
  }

  Task<void> watch(http::Exchange& exchange, std::string wanted) {
    std::size_t told = events_.size();
    ++watches;
    co_await exchange.begin(200, {});
    for (;;) {
      for (; told < events_.size(); ++told)
        if (events_[told].first == wanted) co_await exchange.write(events_[told].second);
      co_await changed_.wait();
    }
  }

  Task<void> make_token(http::Exchange& exchange, std::string body) {
    last_token_request = body;
    const json::Tree asked = co_await json::Tree::parse(body);
    const std::int64_t now = clock_.wall().ns / 1'000'000'000,
                       valid = kube::number_at(asked.root(), "spec.expirationSeconds");
    const std::string_view audience = kube::text_at(asked.root(), "spec.audiences[0]");
    const std::string claims =
        text(R"({{"aud":["{}"],"exp":{},"iat":{},"n":{},"kubernetes.io":{{"pod":{{"uid":"{}"}},)"
             R"("serviceaccount":{{"name":"default"}}}}}})",
             audience, now + valid, now, ++tokens, kube::text_at(asked.root(), "spec.boundObjectRef.uid"));
    co_await exchange.respond(
        201, {},
        text(R"({{"kind":"TokenRequest","spec":{{"expirationSeconds":{}}},)"
             R"("status":{{"token":"h.{}.s","expirationTimestamp":"{}"}}}})",
             valid, base64::encode_url(claims), rfc3339_nano({(now + valid) * 1'000'000'000})));
  }

  Clock& clock_;
  std::map<std::string, std::string> there_;                 // by path
  std::vector<std::pair<std::string, std::string>> events_;  // path, line
  int version_ = 10;
  io::Condition changed_{"a change of the API"};
};

}  // namespace podo::volumes
