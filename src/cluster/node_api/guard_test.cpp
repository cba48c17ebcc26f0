#include <doctest/doctest.h>

#include "cluster/node_api/guard.h"

#include <limits>

#include "base/http/client.h"
#include "base/io/combine.h"
#include "base/io/epoll_loop.h"
#include "base/io/socket.h"

namespace podo::node_api {
namespace {

struct Page final : http::Handler {
  Task<void> handle(http::Exchange& exchange) override { return exchange.respond(200, {}, "behind"); }
};

http::Peer peer(std::string name, std::vector<std::string> groups,
                std::int64_t not_after = std::numeric_limits<std::int64_t>::max()) {
  auto facts = std::make_shared<crypto::CertificateFacts>();
  facts->subject = {.common_name = name, .organizations = std::move(groups)};
  facts->not_after = {not_after};
  return {.certificate_name = std::move(name), .certificate = std::move(facts)};
}

// metrics-reader may get nodes/metrics, and operator may create nodes/proxy.
Task<bool> may(Asked asked) {
  if (asked.user == "metrics-reader") co_return asked.verb == "get" && asked.subresource == "metrics";
  co_return asked.user == "operator" && asked.verb == "create" && asked.subresource == "proxy" &&
      asked.groups == std::vector<std::string>{"ops", "system:authenticated"};
}

struct World final : http::Connector {
  Task<std::unique_ptr<io::Stream>> connect(const http::Url&) override {
    io::SocketPair pair = co_await io::socket_pair(loop);
    serving.spawn(server.serve_connection(std::move(pair.left), who));
    co_return std::unique_ptr<io::Stream>(std::move(pair.right));
  }
  Task<int> status(std::string method, std::string path) {
    http::Client client(loop, *this, {});
    const auto answer = co_await client.send({.method = std::move(method), .url = "http://node" + path});
    text = co_await http::read_all(*answer.body, 1 << 16);
    co_return answer.status;
  }
  int ask(http::Peer peer, std::string method, std::string path) {
    who = std::move(peer);
    return loop.run(status(std::move(method), std::move(path))).value();
  }

  io::EpollLoop loop;
  SilentLog log;
  Page page;
  Guard guard{page, loop.clock(), may};
  http::Server server{loop, guard, log, {}};
  http::Peer who;
  std::string text;
  io::TaskGroup serving{loop};
};

}  // namespace

TEST_CASE("the API server may everything, nobody without a certificate may anything") {
  World world;
  CHECK(world.ask(peer("kube-apiserver-kubelet-client", {"system:masters"}), "POST", "/exec/a/b/c") == 200);
  CHECK(world.text == "behind");
  CHECK(world.ask({}, "GET", "/healthz") == 401);
  CHECK(world.ask(peer("kube-apiserver-kubelet-client", {"system:masters"}, 1), "GET", "/pods") == 401);
}

TEST_CASE("others may what a review allows: a page by its name, everything by nodes/proxy") {
  World world;
  CHECK(world.ask(peer("metrics-reader", {}), "GET", "/metrics") == 200);
  CHECK(world.ask(peer("metrics-reader", {}), "GET", "/pods") == 403);
  CHECK(world.text ==
        "Forbidden (user=metrics-reader, verb=get, resource=nodes, subresource(s)=[pods proxy])\n");
  CHECK(world.ask(peer("operator", {"ops"}), "POST", "/exec/a/b/c") == 200);
  CHECK(world.ask(peer("operator", {"ops"}), "GET", "/exec/a/b/c") == 403);
  CHECK(world.text == "Forbidden (user=operator, verb=get, resource=nodes, subresource(s)=[proxy])\n");
}

}  // namespace podo::node_api
