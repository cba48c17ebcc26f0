// Probes and hooks against real sockets of this machine.
#include "cluster/node/actions.h"

#include <doctest/doctest.h>

#include "base/http/server.h"
#include "base/http/system_connector.h"
#include "base/io/socket.h"
#include "cluster/node/grpc_health.h"

namespace podo::node {
namespace {

// /ok, /bad (500), /away (redirects to another host), /here (redirects to /ok), /slow
class Pages final : public http::Handler {
 public:
  Task<void> handle(http::Exchange& exchange) override {
    const std::string path(exchange.path());
    agent = exchange.headers().get("User-Agent");
    if (path == "/slow") co_await io::sleep(seconds(5));
    if (path == "/away")
      co_return co_await exchange.respond(302, {{"Location", "http://example.invalid/"}}, "");
    if (path == "/here") co_return co_await exchange.respond(302, {{"Location", "/ok"}}, "");
    co_await exchange.respond(path == "/bad" ? 500 : 200, {}, "hello");
  }
  std::string agent;
};

struct ActionWorld {
  io::EpollLoop loop;
  http::SystemConnector connector{loop, nullptr};
  http::Client client{loop, connector, {}};
  SilentLog log;
  Pages pages;

  Task<Outcome> page(std::string path, std::uint16_t port, Duration within = seconds(2)) {
    json::Tree probe;
    probe.root().member("httpGet").member("path").set_string(path);
    probe.root().member("httpGet").member("port").set_string("web");
    Target target{"id", "127.0.0.1", {{"web", port}}};
    co_return co_await act(ground(), std::move(probe), std::move(target), within);
  }
  ActionGround ground() { return {loop, nullptr, client}; }
};

Task<void> look_at_pages(ActionWorld& world) {
  auto listener = co_await io::listen_socket(world.loop, io::Address::tcp("127.0.0.1", 0));
  const std::uint16_t port = listener->address().port;
  http::Server server(world.loop, world.pages, world.log, {});
  io::TaskGroup serving(world.loop);
  serving.spawn(server.serve(*listener));
  CHECK((co_await world.page("/ok", port)).ok);
  CHECK(world.pages.agent == "kube-probe/1.36");
  const Outcome bad = co_await world.page("/bad", port);
  CHECK_FALSE(bad.ok);
  CHECK(bad.output == "HTTP probe failed with statuscode: 500");
  CHECK((co_await world.page("/here", port)).ok);
  CHECK((co_await world.page("/away", port)).warns);
  const Outcome slow = co_await world.page("/slow", port, milliseconds(100));
  CHECK_FALSE(slow.ok);
  CHECK(slow.output.contains("context deadline exceeded"));
  CHECK((co_await open_connection(world.ground(), "127.0.0.1", port, seconds(1))).ok);
  serving.cancel();
  co_await serving.join();
}

}  // namespace

TEST_CASE("pages and connections are probed as the kubelet does") {
  ActionWorld world;
  const Result<void> done = world.loop.run(look_at_pages(world));
  CHECK_MESSAGE(done.has_value(), (done ? "" : done.error().message()));
}

TEST_CASE("a port is a number, or the name of a port of the container") {
  const json::Tree container =
      json::Tree::parse(
          R"({"ports":[{"name":"web","containerPort":8080}],"a":"web","b":"81","c":9,"d":"no"})")
          .value();
  const Target target = Target::of(container.root(), "id", "10.0.0.1");
  CHECK(target.port(container.root().find("a")) == 8080);
  CHECK(target.port(container.root().find("b")) == 81);
  CHECK(target.port(container.root().find("c")) == 9);
  CHECK_FALSE(target.port(container.root().find("d")));
}

}  // namespace podo::node
