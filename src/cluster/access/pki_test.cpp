#include "cluster/access/pki.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/format/yaml.h"
#include "base/io/combine.h"
#include "base/io/simulated_disk.h"
#include "base/io/timer.h"
#include "cluster/access/rules.h"

namespace podo::access {
namespace {

struct World {
  explicit World(io::SimulatedLoop& loop_) : loop(loop_), disk(loop_) {}
  Task<Pki> open(std::vector<std::string> hosts = {"10.0.0.7"}) {
    (void)co_await disk.make_folder("/pki").result();
    co_return co_await Pki::open({disk, loop.clock(), log}, "/pki", std::move(hosts));
  }
  io::SimulatedLoop& loop;
  io::SimulatedDisk disk;
  SilentLog log;
};

void in_world(Task<void> (*property)(World&)) {
  io::SimulatedLoop loop(1);
  World world(loop);
  const Result<void> ran = loop.run(property(world));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

constexpr std::int64_t day_ns = seconds(24 * 3600).ns;

Task<void> first_start(World& world) {
  const Pki pki = co_await world.open();
  const auto facts = co_await crypto::read_certificate(pki.server().certificate);
  for (const std::string_view host :
       {"localhost", "127.0.0.1", "::1", "kubernetes.default.svc.cluster.local", "10.96.0.1", "10.0.0.7"})
    CHECK(contains(facts.subject.hosts, host));
  CHECK(facts.subject.server);
  const Wall now = world.loop.clock().wall();
  CHECK(facts.not_before.ns / 1'000'000'000 == (now.ns - seconds(3600).ns) / 1'000'000'000);
  CHECK(facts.not_after.ns - now.ns > 364 * day_ns);
  const std::vector<std::string> files = co_await world.disk.list("/pki");
  CHECK(files == std::vector<std::string>{"admin.crt", "admin.key", "ca.crt", "ca.key", "sa.key",
                                          "server.crt", "server.key"});
  const Pki again = co_await world.open();
  CHECK(again.authority().certificate == pki.authority().certificate);
  CHECK(again.server().certificate == pki.server().certificate);
  CHECK(again.token_key() == pki.token_key());
}
TEST_CASE("keys and certificates are made at the first start, and read at the next") {
  in_world(first_start);
}

Task<void> renewal(World& world) {
  Pki pki = co_await world.open();
  CHECK_FALSE(co_await pki.renew({"10.0.0.7"}));
  CHECK(co_await pki.renew({"10.0.0.8"}));
  const auto facts = co_await crypto::read_certificate(pki.server().certificate);
  CHECK(contains(facts.subject.hosts, "10.0.0.8"));
  CHECK_FALSE(contains(facts.subject.hosts, "10.0.0.7"));
  const std::string before = pki.server().certificate, authority = pki.authority().certificate;
  co_await io::sleep({240 * day_ns});
  CHECK_FALSE(co_await pki.renew({"10.0.0.8"}));
  co_await io::sleep({10 * day_ns});
  CHECK(co_await pki.renew({"10.0.0.8"}));
  CHECK(pki.server().certificate != before);
  CHECK(pki.authority().certificate == authority);
}
TEST_CASE("the server's certificate is renewed when hosts change, and in the last third of its life") {
  in_world(renewal);
}

Task<void> halves(World& world) {
  { const Pki pki = co_await world.open(); }
  co_await io::write_file_atomically(world.disk, "/pki/server.key", co_await crypto::make_key());
  const Pki pki = co_await world.open();
  CHECK(co_await io::read_file(world.disk, "/pki/server.key", 10000) == pki.server().key);
  co_await world.disk.remove("/pki/ca.key");
  CHECK((co_await world.open().result()).error().kind() == ErrorKind::corrupt);
}
TEST_CASE("a key that is not its certificate's is replaced; of the authority nothing is guessed") {
  in_world(halves);
}

Task<void> kubeconfig(World& world) {
  const Pki pki = co_await world.open();
  const std::string config = co_await pki.admin_kubeconfig("https://10.0.0.7:6443");
  const auto documents = co_await yaml::to_json(config);
  REQUIRE(documents.size() == 1);
  const json::Document document = co_await json::parse(documents[0]);
  CHECK(document.root().find("clusters").at(0).find("cluster").find("server").string() ==
        "https://10.0.0.7:6443");
  CHECK(document.root().find("current-context").string() == "podo");
}
TEST_CASE("the kubeconfig is YAML with the server's address") { in_world(kubeconfig); }

}  // namespace
}  // namespace podo::access
