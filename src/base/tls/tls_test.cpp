#include <doctest/doctest.h>

#include "base/io/combine.h"
#include "base/io/simulated_network.h"
#include "base/tls/tls_testing.h"

namespace podo::tls {
namespace {

using io::Task;

struct Pair {
  std::unique_ptr<Connection> client, server;
};

// Two ends that have shaken hands, over a simulated network.
struct World {
  Task<Pair> connect_both(const Context& client, const Context& server, std::string name) {
    auto listener = co_await network.node("server").listen(io::Address::tcp("server", 443));
    auto [near, far] =
        co_await io::all(network.node("client").connect(listener->address()), listener->accept());
    auto [mine, theirs] =
        co_await io::all(connect(client, std::move(near), std::move(name)), accept(server, std::move(far)));
    co_return Pair{std::move(mine), std::move(theirs)};
  }
  void run(Task<void> task) {
    Result<void> ran = loop.run(std::move(task));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
  Error failure_of(const ClientOptions& options, const Identity& shown, std::string name) {
    Context client = client_context(options).value(), server = server_context({.identity = shown}).value();
    Result<Pair> pair = loop.run(connect_both(client, server, std::move(name)));
    REQUIRE(!pair);
    return std::move(pair).error();
  }

  io::SimulatedLoop loop{1};
  io::SimulatedNetwork network{loop};
  TestAuthority authority;
  ClientOptions trusting{.trust_system = false, .authorities = authority.pem()};
  Identity identity = authority.issue("server", "DNS:registry.example,IP:10.0.0.1");
};

std::int64_t now_before(std::int64_t second) { return (SystemClock().wall().ns - seconds(second).ns); }

Task<void> write_and_finish(io::Stream& stream, std::string bytes) {
  co_await io::write_text(stream, std::move(bytes));
  co_await stream.finish();
}

}  // namespace

TEST_CASE("bytes pass in both directions at once, and each ends with its farewell") {
  World world;
  auto scenario = [](World& w) -> Task<void> {
    Context client = co_await client_context(w.trusting);
    Context server = co_await server_context({.identity = w.identity});
    Pair pair = co_await w.connect_both(client, server, "registry.example");
    CHECK_EQ(pair.client->peer_name(), "server");
    std::string up(3'000'000, 'u'), down(2'000'000, 'd');
    auto [sent, answered, got_up, got_down] =
        co_await io::all(write_and_finish(*pair.client, up), write_and_finish(*pair.server, down),
                         io::read_to_end(*pair.server, 4 << 20), io::read_to_end(*pair.client, 4 << 20));
    CHECK(got_up == up);
    CHECK(got_down == down);
  };
  world.run(scenario(world));
}

TEST_CASE("only a name that the certificate bears is believed") {
  World world;
  CHECK_EQ(world.failure_of(world.trusting, world.identity, "other.example").message(),
           "tls: failed to verify certificate of other.example: x509: certificate is for another name");
  CHECK_EQ(world.failure_of(world.trusting, world.identity, "10.0.0.2").kind(), ErrorKind::denied);
  Context client = client_context(world.trusting).value();
  Context server = server_context({.identity = world.identity}).value();
  CHECK(world.loop.run(world.connect_both(client, server, "10.0.0.1")).has_value());
}

TEST_CASE("an unknown authority and a certificate of yesterday are refused, with the reason") {
  World world;
  ClientOptions nobody{.trust_system = false};
  CHECK(world.failure_of(nobody, world.identity, "registry.example")
            .message()
            .ends_with("x509: certificate signed by unknown authority"));
  Identity old = world.authority.issue("server", "DNS:registry.example", -60);
  CHECK(world.failure_of(world.trusting, old, "registry.example")
            .message()
            .ends_with("x509: certificate has expired or is not yet valid"));
}

TEST_CASE("who does not verify takes anybody") {
  World world;
  Context client = client_context({.verify = false}).value();
  Context server = server_context({.identity = world.identity}).value();
  CHECK(world.loop.run(world.connect_both(client, server, "other.example")).has_value());
}

TEST_CASE("a server that asks for certificates knows who came, and refuses who has none") {
  World world;
  auto scenario = [](World& w) -> Task<void> {
    Context server =
        co_await server_context({.identity = w.identity, .client_authorities = w.authority.pem()});
    ClientOptions known = w.trusting;
    known.identity = w.authority.issue("alice", "DNS:alice");
    Context alice = co_await client_context(known), stranger = co_await client_context(w.trusting);
    Pair pair = co_await w.connect_both(alice, server, "registry.example");
    CHECK_EQ(pair.server->peer_name(), "alice");
    Result<Pair> refused = co_await w.connect_both(stranger, server, "registry.example").result();
    REQUIRE(!refused);
    CHECK(refused.error().message().contains("peer did not return a certificate"));
    // In TLS 1.3 the client's side is done before it is refused: it learns so with the first bytes.
    auto listener = co_await w.network.node("server").listen(io::Address::tcp("server", 444));
    auto [near, far] =
        co_await io::all(w.network.node("client").connect(listener->address()), listener->accept());
    io::TaskGroup serving(w.loop);
    auto refuse = [](const Context& context, std::unique_ptr<io::Stream> stream) -> Task<void> {
      (void)co_await accept(context, std::move(stream)).result();
    };
    serving.spawn(refuse(server, std::move(far)));
    auto client = co_await connect(stranger, std::move(near), "registry.example");
    Result<std::string> alert = co_await io::read_to_end(*client, 100).result();
    REQUIRE(!alert);
    CHECK(alert.error().message().contains("certificate required"));
  };
  world.run(scenario(world));
}

TEST_CASE(
    "where certificates are optional, who shows one is known, and who shows a wrong one is told apart") {
  World world;
  const Wall now = SystemClock().wall();
  const crypto::KeyPair root = crypto::make_authority("root", now, seconds(3600)).value();
  auto scenario = [](World& w, crypto::KeyPair authority) -> Task<void> {
    Context server = co_await server_context({.identity = w.identity,
                                              .client_authorities = authority.certificate,
                                              .client_certificates = ClientCertificates::optional});
    auto shown_by = [](World& in, const Context& to, std::optional<Identity> identity) -> Task<Pair> {
      ClientOptions options = in.trusting;
      options.identity = std::move(identity);
      Context client = co_await client_context(options);
      co_return co_await in.connect_both(client, to, "registry.example");
    };
    const crypto::Subject subject{.common_name = "alice", .organizations = {"one", "two"}, .client = true};
    crypto::KeyPair alice = co_await crypto::issue(authority, subject, SystemClock().wall(), seconds(60));
    Pair known = co_await shown_by(w, server, Identity{alice.certificate, alice.key});
    auto facts = known.server->peer_certificate();
    REQUIRE(facts != nullptr);
    CHECK_EQ(known.server->peer_name(), "alice");
    CHECK(facts->subject.organizations == subject.organizations);
    CHECK_EQ(facts->serial, crypto::read_certificate(alice.certificate)->serial);
    CHECK_EQ(known.server->peer_certificate_problem(), "");
    Pair nobody = co_await shown_by(w, server, std::nullopt);
    CHECK((nobody.server->peer_certificate() == nullptr && nobody.server->peer_name().empty()));
    CHECK_EQ(nobody.server->peer_certificate_problem(), "");
    Pair stranger = co_await shown_by(w, server, w.authority.issue("alice", "DNS:alice"));
    CHECK((stranger.server->peer_certificate() == nullptr && stranger.server->peer_name().empty()));
    CHECK_EQ(stranger.server->peer_certificate_problem(), "x509: certificate signed by unknown authority");
    crypto::KeyPair old = co_await crypto::issue(authority, subject, {now_before(600)}, seconds(60));
    Pair late = co_await shown_by(w, server, Identity{old.certificate, old.key});
    CHECK(late.server->peer_certificate() == nullptr);
    CHECK_EQ(late.server->peer_certificate_problem(), "x509: certificate has expired or is not yet valid");
  };
  world.run(scenario(world, root));
}

TEST_CASE("a server changes its certificate while it serves") {
  World world;
  auto scenario = [](World& w) -> Task<void> {
    Context client = co_await client_context(w.trusting);
    Context server = co_await server_context({.identity = w.identity, .protocols = {"h2"}});
    Pair before = co_await w.connect_both(client, server, "registry.example");
    Identity renewed = w.authority.issue("renewed", "DNS:registry.example");
    server = co_await server_context({.identity = renewed, .protocols = {"h2"}});
    Pair after = co_await w.connect_both(client, server, "registry.example");
    CHECK_EQ(before.client->peer_name(), "server");
    CHECK_EQ(after.client->peer_name(), "renewed");
    co_await io::write_text(*before.client, "still");
    CHECK_EQ(co_await io::read_exactly(*before.server, 5), "still");
  };
  world.run(scenario(world));
}

TEST_CASE("ALPN agrees on the server's first choice") {
  World world;
  ClientOptions options = world.trusting;
  options.protocols = {"http/1.1", "h2"};
  Context client = client_context(options).value();
  Context server = server_context({.identity = world.identity, .protocols = {"h2", "http/1.1"}}).value();
  auto pair = world.loop.run(world.connect_both(client, server, "registry.example"));
  REQUIRE(pair.has_value());
  CHECK_EQ(pair->client->protocol(), "h2");
  CHECK_EQ(pair->server->protocol(), "h2");
}

TEST_CASE("a connection that is cut off does not look finished") {
  World world;
  auto scenario = [](World& w) -> Task<void> {
    Context client = co_await client_context(w.trusting);
    Context server = co_await server_context({.identity = w.identity});
    Pair pair = co_await w.connect_both(client, server, "registry.example");
    co_await io::write_text(*pair.server, "half");
    pair.server = nullptr;
    Result<std::string> cut = co_await io::read_to_end(*pair.client, 100).result();
    CHECK_FALSE(cut.has_value());
  };
  world.run(scenario(world));
}

TEST_CASE("a server that speaks plain HTTP is told apart") {
  World world;
  auto scenario = [](World& w) -> Task<void> {
    auto listener = co_await w.network.node("server").listen(io::Address::tcp("server", 443));
    auto [near, far] =
        co_await io::all(w.network.node("client").connect(listener->address()), listener->accept());
    Context client = co_await client_context(w.trusting);
    co_await io::write_text(*far, "HTTP/1.1 400 Bad Request\r\n\r\n");
    auto connection = co_await connect(client, std::move(near), "registry.example").result();
    REQUIRE(!connection);
    CHECK_EQ(connection.error().message(), "server gave HTTP response to HTTPS client");
  };
  world.run(scenario(world));
}

TEST_CASE("what cannot be used is refused when the context is made") {
  World world;
  Identity other = world.authority.issue("other", "DNS:other");
  CHECK(server_context({.identity = {world.identity.certificates, other.key}})
            .error()
            .message()
            .starts_with("the private key is not the certificate's"));
  CHECK_EQ(server_context({.identity = {"nonsense", "nonsense"}}).error().kind(), ErrorKind::invalid);
  CHECK_EQ(client_context({.authorities = "nothing"}).error().message(),
           "there is no certificate among the authorities");
}

}  // namespace podo::tls
