// An API server over a store in memory, asked without a network: everybody may do everything, nothing is
// admitted or denied. For the tests of this room.
#pragma once

#include <doctest/doctest.h>

#include "base/format/json.h"
#include "base/io/combine.h"
#include "base/store/memory_store.h"
#include "cluster/api_request/list_options.h"
#include "cluster/apiserver/api_server.h"
#include "model/kube/schema.h"

namespace podo::apiserver {

class OpenAccess final : public access::Access {
 public:
  Task<access::User> authenticate(const http::Peer&, const http::Headers&) override {
    co_return access::User{.name = "tester", .groups = {"system:masters"}};
  }
  access::Verdict authorize(const access::User&, const access::Attributes&) const override {
    return {.decision = access::Decision::allow};
  }
  std::vector<access::Rule> rules_of(const access::User&, std::string_view) const override { return {}; }
  Result<> check_grant(const access::User&, std::string_view, const json::Item&) const override { return {}; }
  Result<access::TokenMade> make_token(const access::TokenWish&) override { return unsupported("tokens"); }
  Result<std::string> make_secret_token(const access::TokenWish&) override { return unsupported("tokens"); }
  Task<access::TokenReviewed> review_token(std::string, std::vector<std::string>) override {
    co_return unsupported("tokens");
  }
  std::string key_set() const override { return "{}"; }
  const std::string& issuer() const override { return name_; }
  const tls::ServerOptions& tls() const override { return tls_; }
  Task<bool> renew(std::vector<std::string>) override { co_return false; }
  const std::string& authority_pem() const override { return name_; }
  Result<std::string> admin_kubeconfig(std::string_view) override { return unsupported("certificates"); }

 private:
  std::string name_ = "test";
  tls::ServerOptions tls_;
};

class NoAdmission final : public admission::Admission {
 public:
  Task<void> admit(const admission::Attributes&, kube::Refusal&, json::Item*, const json::Item*) override {
    co_return;
  }
  Task<void> validate(const admission::Attributes&, kube::Refusal&, const json::Item*,
                      const json::Item*) override {
    co_return;
  }
};

// A request, and what was answered.
class Asked final : public http::Exchange, private http::Body {
 public:
  Asked(std::string method, std::string_view target, http::Headers headers = {}, std::string body = {})
      : method_(std::move(method)),
        path_(target.substr(0, target.find('?'))),
        query_(http::Query::parse(target.contains('?') ? target.substr(target.find('?') + 1) : "")),
        headers_(std::move(headers)),
        sent_(std::move(body)) {}

  int status = 0;
  http::Headers answer_headers;
  std::string answer;
  int writes = 0;
  bool ended = false;
  io::Condition written{"an answer"};

  Task<std::string> answer_of(std::size_t lines) {  // waits for so many
    while (std::count(answer.begin(), answer.end(), '\n') < static_cast<std::ptrdiff_t>(lines) && !ended)
      co_await written.wait();
    co_return answer;
  }
  json::Document document() const { return *json::parse(answer); }

  std::string_view method() const override { return method_; }
  std::string_view path() const override { return path_; }
  const http::Query& query() const override { return query_; }
  const http::Headers& headers() const override { return headers_; }
  const http::Peer& peer() const override { return peer_; }
  http::Body& body() override { return *this; }
  bool head_sent() const override { return status != 0; }
  Task<void> respond(int code, http::Headers fields, std::string bytes) override {
    co_await begin(code, std::move(fields));
    answer += bytes;
    co_await end();
  }
  Task<void> begin(int code, http::Headers fields) override {
    status = code;
    answer_headers = std::move(fields);
    co_return;
  }
  Task<void> write(std::string_view bytes) override {
    answer += bytes;
    ++writes;
    written.notify_all();
    co_return;
  }
  Task<void> end() override {
    ended = true;
    written.notify_all();
    co_return;
  }
  Task<std::unique_ptr<io::Stream>> upgrade(int, http::Headers) override { co_return unsupported("no"); }
  Task<void> peer_gone() override {
    io::Condition never("the client's end");
    co_await never.wait();
  }

 private:
  Task<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), sent_.size());
    std::copy_n(reinterpret_cast<const std::byte*>(sent_.data()), count, into.data());
    sent_.erase(0, count);
    co_return count;
  }
  const std::string method_, path_;
  const http::Query query_;
  const http::Headers headers_;
  const http::Peer peer_;
  std::string sent_;
};

struct ApiWorld {
  explicit ApiWorld(std::uint64_t history_bytes = 8 << 20)
      : store(store::make_memory_store(loop, random, {.limits = {}, .history_bytes = history_bytes})),
        objects(objects::Objects::make(loop, *store, schema)) {}

  const schema::Schema schema = kube::parse_schema();
  SystemClock clock;
  SeededRandom random{1};
  SilentLog log;
  io::EpollLoop loop;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<objects::Objects> objects;
  OpenAccess access;
  NoAdmission admission;
  NodeConnector* nodes = nullptr;
  std::unique_ptr<ApiServer> api;

  Task<void> open() {
    api = co_await ApiServer::open({loop, *objects, access, admission, clock, random, log, nodes, &loop}, {});
  }
  Task<std::unique_ptr<Asked>> ask(std::string target, http::Headers headers = {}, std::string method = "GET",
                                   std::string body = {}) {
    auto asked = std::make_unique<Asked>(std::move(method), target, std::move(headers), std::move(body));
    co_await api->handle(*asked);
    co_return asked;
  }

  objects::Key pod(std::string_view name, std::string_view name_space = "ns") const {
    return {.resource = &objects->resource("", "pods"),
            .name_space = std::string(name_space),
            .name = std::string(name)};
  }
  static std::string pod_json(std::string_view name, std::string_view color, std::string_view note = "") {
    return text(
        R"({{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{}","namespace":"ns",)"
        R"("creationTimestamp":"2026-01-01T00:00:00Z","labels":{{"color":"{}"}},)"
        R"("annotations":{{"note":"{}"}}}},"spec":{{"containers":[{{"name":"c","resources":{{}}}}]}},)"
        R"("status":{{"phase":"Running"}}}})",
        name, color, note);
  }
};

inline void in_api(Task<void> (*property)(ApiWorld&), std::uint64_t history_bytes = 8 << 20) {
  ApiWorld world(history_bytes);
  const auto run = [](ApiWorld& a_world, Task<void> (*a_property)(ApiWorld&)) -> Task<void> {
    co_await a_world.open();
    co_await a_property(a_world);
  };
  const Result<void> ran = world.loop.run(io::deadline(run(world, property), seconds(60)));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

}  // namespace podo::apiserver
