// An API server as small as the tests of this room need it: objects of any resource by their path, versions
// that count up, conflicts, lists, and watches that tell every change.
#pragma once

#include <doctest/doctest.h>

#include <map>

#include "base/io/combine.h"
#include "base/io/condition.h"
#include "base/io/simulated_loop.h"
#include "cluster/client/client.h"
#include "model/kube/schema.h"

namespace podo::client {

class SmallApi final : public http::Handler {
 public:
  Task<void> handle(http::Exchange& exchange) override {
    const std::string path(exchange.path());
    const std::string body = co_await http::read_all(exchange.body(), 1 << 20);
    ++requests;
    if (broken) co_return co_await refuse(exchange, 500, "InternalError", "broken");
    if (exchange.method() == "GET" && exchange.query().find("watch"))
      co_return co_await watch(exchange, path);
    if (exchange.method() == "GET" && path.ends_with('s')) co_return co_await list(exchange, path);
    if (exchange.method() == "POST") co_return co_await create(exchange, path, body);
    const auto found = there.find(path);
    if (found == there.end())
      co_return co_await refuse(exchange, 404, "NotFound", text("{} not found", path));
    if (exchange.method() == "GET") co_return co_await exchange.respond(200, {}, found->second);
    if (exchange.method() == "DELETE") {
      tell("DELETED", path, found->second);
      there.erase(path);
      co_return co_await exchange.respond(200, {}, "{}");
    }
    if (exchange.method() == "PATCH") {
      patched = body.substr(0, body.find('"', body.find("lastTimestamp") + 14) - 1);
      co_return co_await exchange.respond(200, {}, found->second);
    }
    json::Tree now = co_await json::Tree::parse(body);
    const json::Tree before = co_await json::Tree::parse(found->second);
    if (now.root().find("metadata", "resourceVersion")->string() !=
        before.root().find("metadata", "resourceVersion")->string())
      co_return co_await refuse(exchange, 409, "Conflict", "the object has been modified");
    co_await exchange.respond(200, {}, put("MODIFIED", path, now));
  }

  std::string put(std::string_view type, const std::string& path, json::Tree& object) {
    object.root().member("metadata").member("resourceVersion").set_string(text("{}", ++version));
    there[path] = object.to_text();
    tell(type, path, there[path]);
    return there[path];
  }
  void end_watches() {
    ++watches_ended;
    changed.notify_all();
  }

  std::map<std::string, std::string> there;                 // by path
  std::vector<std::pair<std::string, std::string>> events;  // path, line
  int version = 10, requests = 0, watches_ended = 0, watches = 0;
  bool broken = false;
  std::string patched;  // the last patch, up to a time in it
  io::Condition changed{"a change of the small API"};

 private:
  static Task<void> refuse(http::Exchange& exchange, int code, std::string_view reason, std::string message) {
    co_await exchange.respond(
        code, {},
        text(R"({{"kind":"Status","reason":"{}","message":"{}","code":{}}})", reason, message, code));
  }

  void tell(std::string_view type, const std::string& path, std::string_view object) {
    events.emplace_back(path, text("{{\"type\":\"{}\",\"object\":{}}}\n", type, object));
    changed.notify_all();
  }

  Task<void> create(http::Exchange& exchange, std::string path, const std::string& body) {
    json::Tree object = co_await json::Tree::parse(body);
    path.append("/").append(object.root().find("metadata", "name")->string());
    if (there.contains(path)) co_return co_await refuse(exchange, 409, "AlreadyExists", "already exists");
    co_await exchange.respond(201, {}, put("ADDED", path, object));
  }

  // Two objects a page; the continue token is the path of the last one.
  Task<void> list(http::Exchange& exchange, const std::string& path) {
    std::string items, last;
    const std::string_view after = exchange.query().get("continue");
    int count = 0;
    for (const auto& [name, object] : there) {
      if (!name.starts_with(path + "/") || name <= after) continue;
      if (count++ == 2) break;
      items.append(items.empty() ? "" : ",").append(object);
      last = name;
    }
    co_await exchange.respond(
        200, {},
        text(R"({{"kind":"List","metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})",
             version, count > 2 ? last : "", items));
  }

  Task<void> watch(http::Exchange& exchange, const std::string& path) {
    const int life = watches_ended;
    std::size_t told = events.size();
    ++watches;
    co_await exchange.begin(200, {});
    while (life == watches_ended) {
      for (; told < events.size(); ++told)
        if (events[told].first.starts_with(path)) co_await exchange.write(events[told].second);
      co_await changed.wait();
    }
    co_await exchange.end();
  }
};

struct ClientWorld {
  explicit ClientWorld(io::SimulatedLoop& on, const schema::Schema& of)
      : loop(on), schema(of), leases(client.resource("coordination.k8s.io", "leases")) {}
  json::Tree lease(std::string_view name) const {
    json::Tree made;
    made.root().member("metadata").member("name").set_string(name);
    made.root().member("metadata").member("namespace").set_string("ns");
    return made;
  }
  Where at(std::string name) const {
    return {.resource = leases, .name_space = "ns", .name = std::move(name)};
  }

  io::SimulatedLoop& loop;
  const schema::Schema& schema;
  SmallApi api;
  LocalTransport transport{loop, api, {.certificate_name = "system:test"}};
  Client client{transport, schema};
  const schema::Resource* leases;
};

// In several orders of its strands.
inline void in_client_world(Task<void> (*property)(ClientWorld&)) {
  const schema::Schema schema = kube::parse_schema();
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    io::SimulatedLoop loop(seed);
    ClientWorld world(loop, schema);
    const Result<void> ran = loop.run(io::deadline(property(world), seconds(6000)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

}  // namespace podo::client
