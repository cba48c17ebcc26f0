#include <doctest/doctest.h>

#include "base/io/socket.h"
#include "cluster/apiserver/api_testing.h"
#include "cluster/connectors/local_nodes.h"
#include "cluster/connectors/remote_nodes.h"

namespace podo::apiserver {
namespace {

// The API of a node that tells what it was asked for, and echoes what comes over upgraded connections.
class TellingNode final : public http::Handler {
 public:
  Task<void> handle(http::Exchange& exchange) override {
    const std::string query = exchange.query().to_text();
    asked = text("{} {}{}{}", exchange.method(), exchange.path(), query.empty() ? "" : "?", query);
    caller = exchange.headers().get("Authorization");
    if (exchange.path().ends_with("/refused")) {
      co_await exchange.respond(code, {}, "container \"refused\" in pod \"two\" is waiting to start: X\n");
    } else if (exchange.headers().find("Upgrade")) {
      auto stream =
          co_await exchange.upgrade(101, {{"Upgrade", "SPDY/3.1"}, {"X-Stream-Protocol-Version", "v4"}});
      const std::string all = co_await io::read_to_end(*stream, 1000);
      co_await io::write_text(*stream, all + " back");
      (void)stream->finish();
    } else if (exchange.query().get("follow") == "true") {
      co_await exchange.begin(200, {});
      co_await exchange.write("first\n");
      co_await exchange.peer_gone();
      ++left;
    } else {
      co_await exchange.respond(200, {{"Content-Type", "text/plain"}}, "said\n");
    }
  }
  std::string asked, caller;
  int code = 400, left = 0;
};

struct World final : ApiWorld, http::Connector {
  World() : local(loop, log), client(loop, *this, {}), serving(loop) {
    local.serve("n1", node);
    nodes = &local;
  }
  Task<std::unique_ptr<io::Stream>> connect(const http::Url&) override {
    if (!server) server = std::make_unique<http::Server>(loop, *api, log, http::ServerLimits{});
    io::SocketPair pair = co_await io::socket_pair(loop);
    serving.spawn(server->serve_connection(std::move(pair.left), {}));
    co_return std::unique_ptr<io::Stream>(std::move(pair.right));
  }
  Task<void> make() {
    co_await ask("/api/v1/nodes", {}, "POST", R"({"metadata":{"name":"n1"}})");
    for (
        const std::string_view pod :
        {R"({"metadata":{"name":"one"},"spec":{"nodeName":"n1","containers":[{"name":"app","image":"x"}]}})",
         R"({"metadata":{"name":"two"},"spec":{"nodeName":"n1","containers":[{"name":"a","image":"x"},)"
         R"({"name":"refused","image":"x"}],"initContainers":[{"name":"i","image":"x"}]}})",
         R"({"metadata":{"name":"lost"},"spec":{"nodeName":"n2","containers":[{"name":"app","image":"x"}]}})",
         R"({"metadata":{"name":"pending"},"spec":{"containers":[{"name":"app","image":"x"}]}})"}) {
      const auto made = co_await ask("/api/v1/namespaces/ns/pods", {}, "POST", std::string(pod));
      REQUIRE_EQ(made->status, 201);
    }
  }
  Task<std::string> message(std::string target, std::string method = "GET", http::Headers headers = {}) {
    const auto asked =
        co_await ask("/api/v1/namespaces/ns/pods/" + target, std::move(headers), std::move(method));
    co_return text("{} {}", asked->status, asked->document().root().find("message").string());
  }

  TellingNode node;
  LocalNodes local;
  http::Client client;
  std::unique_ptr<http::Server> server;
  io::TaskGroup serving;  // dies first
};

void in_world(Task<void> (*property)(World&)) {
  World world;
  const auto run = [](World& in, Task<void> (*a_property)(World&)) -> Task<void> {
    co_await in.open();
    co_await in.make();
    co_await a_property(in);
  };
  const Result<void> ran = world.loop.run(io::deadline(run(world, property), seconds(60)));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

constexpr std::string_view pods = "/api/v1/namespaces/ns/pods/";

}  // namespace

TEST_CASE("a log is asked of the pod's node, in its words") {
  in_world([](World& world) -> Task<void> {
    const auto asked = co_await world.ask(
        text("{}one/log?tailLines=3&timestamps=1&follow=0&sinceTime=2026-01-01T00%3A00%3A00Z", pods),
        {{"Authorization", "Bearer secret"}, {"Accept", "text/css"}});
    CHECK_EQ(asked->status, 200);
    CHECK_EQ(asked->answer, "said\n");
    CHECK_EQ(asked->answer_headers.get("Content-Type"), "text/plain");
    CHECK_EQ(world.node.asked,
             "GET /containerLogs/ns/one/app?timestamps=true&sinceTime=2026-01-01T00%3A00%3A00Z&tailLines=3");
    CHECK_EQ(world.node.caller, "");
    CHECK_EQ((co_await world.ask(text("{}pending/log", pods)))->status, 204);
  });
}

TEST_CASE("which container is meant, and what is wrong with a query") {
  in_world([](World& world) -> Task<void> {
    CHECK_EQ(
        co_await world.message("two/log"),
        "400 a container name must be specified for pod two, choose one of: [a refused] or one of the init "
        "containers: [i]");
    CHECK_EQ(co_await world.message("two/log?container=b"), "400 container b is not valid for pod two");
    CHECK_EQ((co_await world.ask(text("{}two/log?container=i", pods)))->status, 200);
    CHECK_EQ(co_await world.message("two/log?container=refused"),
             "400 container \"refused\" in pod \"two\" is waiting to start: X");
    CHECK_EQ(co_await world.message("one/log?tailLines=-1"),
             "422 PodLogOptions \"one\" is invalid: tailLines: Invalid value: -1: must be greater than or "
             "equal to 0");
    CHECK_EQ(co_await world.message("one/log?limitBytes=x"),
             "400 strconv.ParseInt: parsing \"x\": invalid syntax");
    CHECK_EQ(co_await world.message("none/log"), "404 pods \"none\" not found");
    CHECK_EQ(co_await world.message("lost/log"), "404 nodes \"n2\" not found");
    world.local.stop("n1");
    CHECK_EQ(co_await world.message("one/log"),
             "500 Internal error occurred: error dialing backend: node \"n1\" cannot be reached");
  });
}

TEST_CASE("a log that is followed goes on until the reader leaves") {
  in_world([](World& world) -> Task<void> {
    auto answer = co_await world.client.send({.url = text("http://api{}one/log?follow=true", pods)});
    std::string bytes(100, '\0');
    CHECK_EQ(co_await answer.body->read(io::writable_bytes_of(bytes)), 6);
    answer.body.reset();
    while (world.node.left == 0) co_await io::sleep(milliseconds(1));
  });
}

TEST_CASE("exec: the connection is the client's and the node's") {
  in_world([](World& world) -> Task<void> {
    auto upgraded = co_await world.client.upgrade(
        {.method = "POST",
         .url = text("http://api{}one/exec?stdin=true&stdout=true&command=sh&command=-c&command=a%20b", pods),
         .headers = {{"Upgrade", "SPDY/3.1"}, {"X-Stream-Protocol-Version", "v4"}}});
    CHECK_EQ(upgraded.response.status, 101);
    CHECK_EQ(upgraded.response.headers.get("X-Stream-Protocol-Version"), "v4");
    CHECK_EQ(upgraded.response.headers.get("Upgrade"), "SPDY/3.1");
    CHECK_EQ(world.node.asked, "POST /exec/ns/one/app?input=1&output=1&command=sh&command=-c&command=a%20b");
    co_await io::write_text(*upgraded.stream, "there and");
    (void)upgraded.stream->finish();
    CHECK_EQ(co_await io::read_to_end(*upgraded.stream, 100), "there and back");
  });
}

TEST_CASE("what cannot be upgraded is refused") {
  in_world([](World& world) -> Task<void> {
    CHECK_EQ(co_await world.message("one/exec?command=x&stdout=1", "POST"), "400 Upgrade request required");
    const http::Headers spdy = {{"Connection", "Upgrade"}, {"Upgrade", "SPDY/3.1"}};
    CHECK_EQ(co_await world.message("pending/attach?stdout=1", "POST", spdy),
             "400 pod pending does not have a host assigned");
    CHECK_EQ(co_await world.message("one/portforward?ports=x", "GET", spdy),
             "400 unable to parse \"x\" as a port");
    CHECK_EQ(
        co_await world.message("two/exec?command=x&stdout=1", "POST", spdy),
        "400 a container name must be specified for pod two, choose one of: [a refused] or one of the init "
        "containers: [i]");
    // What the node refuses is passed on as it is.
    world.node.code = 500;
    auto refused = co_await world.client.upgrade(
        {.method = "POST",
         .url = text("http://api{}two/exec?command=x&stdout=1&container=refused", pods),
         .headers = {{"Upgrade", "SPDY/3.1"}}});
    CHECK_EQ(refused.response.status, 500);
    CHECK_EQ(co_await http::read_all(*refused.response.body, 1000),
             "container \"refused\" in pod \"two\" is waiting to start: X\n");
  });
}

TEST_CASE("proxies: names, redirects, and who is not there") {
  in_world([](World& world) -> Task<void> {
    CHECK_EQ(co_await world.message("ftp:one:80/proxy/"), "400 invalid pod request \"ftp:one:80\"");
    CHECK_EQ(co_await world.message("one/proxy/"), "400 address not allowed");
    const auto moved = co_await world.ask(text("{}one/proxy?a=b", pods));
    CHECK_EQ(moved->status, 301);
    CHECK_EQ(moved->answer_headers.get("Location"), text("{}one/proxy/?a=b", pods));
    const auto service = co_await world.ask("/api/v1/namespaces/ns/services", {}, "POST",
                                            R"({"metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}})");
    REQUIRE_EQ(service->status, 201);
    const auto proxied = co_await world.ask("/api/v1/namespaces/ns/services/s:80/proxy/x");
    CHECK_EQ(proxied->status, 503);
    CHECK(proxied->answer.contains("no endpoints available for service \\\"s\\\""));
    const auto node = co_await world.ask("/api/v1/nodes/n1/proxy/pods%2Fx/?watch=no");
    CHECK_EQ(node->answer, "said\n");
    CHECK_EQ(world.node.asked, "GET /pods%2Fx/?watch=no");
  });
}

TEST_CASE("a node's origin stands in its status") {
  const auto origin = [](std::string status) {
    const auto node = json::Tree::parse(text(R"({{"metadata":{{"name":"n"}},"status":{}}})", status));
    REQUIRE(node.has_value());
    const auto found = node_origin(node->root());
    return found ? *found : found.error().message();
  };
  const std::string port = R"("daemonEndpoints":{"kubeletEndpoint":{"Port":10250}})";
  CHECK_EQ(
      origin(text(
          R"({{"addresses":[{{"type":"Hostname","address":"n"}},{{"type":"ExternalIP","address":"1.2.3.4"}},)"
          R"({{"type":"InternalIP","address":"fd00::1"}}],{}}})",
          port)),
      "https://[fd00::1]:10250");
  CHECK_EQ(origin(text("{{{}}}", port)), "no preferred addresses found; known addresses: []");
  CHECK_EQ(origin("{}"), "node \"n\" does not say at which port it is");
}

}  // namespace podo::apiserver
