#include "traffic/services/driver.h"

#include "base/io/simulated_network.h"
#include "cluster/client/client_testing.h"
#include "model/kube/path.h"
#include "traffic/services/services_testing.h"

namespace podo::services {
namespace {

constexpr std::string_view services_path = "/api/v1/services/", nodes_path = "/api/v1/nodes/",
                           slices_path = "/apis/discovery.k8s.io/v1/endpointslices/";

// The small API; its watches begin where the list ended, and a Service's status can be patched.
class Api final : public http::Handler {
 public:
  Task<void> handle(http::Exchange& exchange) override {
    if (exchange.query().find("watch")) co_return co_await watch(exchange);
    if (exchange.method() != "PATCH") co_return co_await small.handle(exchange);
    const std::string body = co_await http::read_all(exchange.body(), 1 << 20);
    ++patches;
    std::string_view path = exchange.path();
    path.remove_suffix(std::string_view("/status").size());
    const std::string name(path.substr(path.rfind('/') + 1));
    const auto found = small.there.find(std::string(services_path) + name);
    if (found == small.there.end()) co_return co_await exchange.respond(404, {}, R"({"reason":"NotFound"})");
    json::Tree service = tree_of(found->second);
    service.root().member("status").copy(kube::part_at(tree_of(body).root(), "status"));
    co_await exchange.respond(200, {}, small.put("MODIFIED", found->first, service));
  }
  void put(std::string_view folder, std::string_view json) {
    json::Tree tree = tree_of(json);
    const std::string path = std::string(folder).append(kube::text_at(tree.root(), "metadata.name"));
    small.put(small.there.contains(path) ? "MODIFIED" : "ADDED", path, tree);
  }
  void remove(std::string_view folder, std::string_view name) {
    const auto found = small.there.find(std::string(folder).append(name));
    if (found == small.there.end()) return;
    json::Tree last = tree_of(found->second);
    last.root().member("metadata").member("resourceVersion").set_string(text("{}", ++small.version));
    small.events.emplace_back(found->first, text("{{\"type\":\"DELETED\",\"object\":{}}}\n", last.to_text()));
    small.there.erase(found);
    small.changed.notify_all();
  }
  std::string ingress_of(std::string_view service) const {
    std::string all;
    const json::Tree tree = tree_of(small.there.at(std::string(services_path).append(service)));
    for (const json::Item& ingress : kube::children_at(tree.root(), "status.loadBalancer.ingress"))
      all += text("{}{}", all.empty() ? "" : " ", kube::text_at(ingress, "ip"));
    return all;
  }

  client::SmallApi small;
  int patches = 0;

 private:
  Task<void> watch(http::Exchange& exchange) {
    const std::string path(exchange.path());
    const std::string from(exchange.query().get("resourceVersion"));
    const int life = small.watches_ended;
    co_await exchange.begin(200, {});
    for (std::size_t told = 0; life == small.watches_ended;) {
      if (told == small.events.size()) {
        co_await small.changed.wait();
        continue;
      }
      const auto event = small.events[told++];
      if (!event.first.starts_with(path)) continue;
      const json::Tree line = tree_of(event.second);
      const std::string_view version = kube::text_at(line.root(), "object.metadata.resourceVersion");
      const bool newer = version.size() != from.size() ? version.size() > from.size() : version > from;
      if (newer) co_await exchange.write(event.second);
    }
    co_await exchange.end();
  }
};

// What the kernel would have; apply() takes its time and fails as often as it is told to.
struct Kernel {
  io::SimulatedLoop& loop;
  ServiceTable table = {};
  int failures_in_a_hundred = 0, applied = 0;
};

class FakeRules final : public ServiceRules {
 public:
  explicit FakeRules(Kernel& kernel) : kernel_(kernel) {}
  Task<void> apply(const ServiceTable& table) override {
    const ServiceTable wanted = table;
    co_await io::sleep(milliseconds(static_cast<std::int64_t>(kernel_.loop.random().below(20))));
    CHECK(wanted == table);  // it stays as it is while it is being applied
    ++kernel_.applied;
    if (kernel_.loop.random().below(100) < static_cast<std::uint64_t>(kernel_.failures_in_a_hundred))
      co_await unavailable("the kernel is busy");
    kernel_.table = wanted;
  }
  Task<void> remove() override {
    kernel_.table.clear();
    co_return;
  }

 private:
  Kernel& kernel_;
};

struct World {
  explicit World(io::SimulatedLoop& on, const schema::Schema& of) : loop(on), schema(of) {
    api.put(nodes_path,
            R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"n1",
      "resourceVersion":"1","labels":{
      "topology.kubernetes.io/zone":"z1"}},
      "status":{"addresses":[{"type":"InternalIP","address":"192.0.2.1"}],
      "conditions":[{"type":"Ready","status":"True"}]}})");
  }
  std::unique_ptr<Services> make(bool balances = false) {
    return make_services({.loop = loop,
                          .client = client,
                          .controllers = client,
                          .clock = loop.clock(),
                          .log = log,
                          .listen = [this](std::uint16_t port) { return listen(port); },
                          .own_addresses = [this]() -> Task<std::vector<IpAddress>> { return addresses(); }},
                         {.node = "n1", .balances = balances}, std::make_unique<FakeRules>(kernel));
  }
  Task<std::unique_ptr<io::Listener>> listen(std::uint16_t port) {
    co_return std::unique_ptr<io::Listener>(co_await network.node("n1").listen(io::Address::tcp("n1", port)));
  }
  Task<std::vector<IpAddress>> addresses() { co_return std::vector{*IpAddress::parse("192.0.2.1")}; }

  ServiceTable truth() const {
    std::vector<Service> services;
    std::vector<Slice> slices;
    for (const auto& [path, json] : api.small.there) {
      const json::Tree tree = tree_of(json);
      if (path.starts_with(services_path))
        if (auto service = service_of(tree.root())) services.push_back(*std::move(service));
      if (path.starts_with(slices_path))
        if (auto slice = slice_of(tree.root())) slices.push_back(*std::move(slice));
    }
    return build_table(services, slices,
                       {.node = "n1", .zone = "z1", .addresses = {*IpAddress::parse("192.0.2.1")}});
  }
  Task<bool> settles() {
    for (int i = 0; i < 600; ++i) {
      if (told(kernel.table) == told(truth())) co_return true;
      co_await io::sleep(milliseconds(100));
    }
    CHECK(told(kernel.table) == told(truth()));
    co_return false;
  }
  void put_web(std::string_view endpoint) { api.put(slices_path, slice_json("web-1", "web", {endpoint})); }

  io::SimulatedLoop& loop;
  const schema::Schema& schema;
  io::SimulatedNetwork network{loop};
  Api api;
  Kernel kernel{loop};
  SilentLog log;
  client::LocalTransport transport{loop, api, {.certificate_name = "system:kube-proxy"}};
  client::Client client{transport, schema};
};

void in_worlds(int worlds, Task<void> (*property)(World&)) {
  const schema::Schema schema = kube::parse_schema();
  for (int seed = 1; seed <= worlds; ++seed) {
    CAPTURE(seed);
    io::SimulatedLoop loop(static_cast<std::uint64_t>(seed));
    World world(loop, schema);
    const Result<void> ran = loop.run(io::deadline(property(world), seconds(7200)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

// Ends by being cancelled, and only so.
Task<void> run(Services& services) {
  const Result<void> ended = co_await services.run().result();
  REQUIRE_FALSE(ended);
  CHECK_MESSAGE(ended.error().kind() == ErrorKind::cancelled, ended.error().message());
}

constexpr std::string_view web = R"("clusterIP":"10.96.0.1","type":"ClusterIP",
  "ports":[{"name":"http","port":80,"protocol":"TCP"}])";

std::string some_service(std::string_view name, Random& random) {
  constexpr std::string_view policies[] = {R"("internalTrafficPolicy":"Local")",
                                           R"("externalTrafficPolicy":"Local")", R"("a":1)"};
  return service_json(
      name, text(R"("clusterIP":"10.96.0.{}","type":"NodePort",{},"ports":[{{"name":"http","port":80,
        "protocol":"TCP","nodePort":{}}}])",
                 random.below(6) + 1, policies[random.below(3)], random.below(4) + 30'000));
}

std::string some_slice(std::string_view name, std::string_view service, Random& random) {
  constexpr std::string_view endpoints[] = {"10.0.0.1 n1", "10.0.0.2 n1 unready", "10.0.0.3 n2",
                                            "10.0.0.4 n1 ending serving", "10.0.0.5 n2 hint-zone=z1"};
  return slice_json(name, service, {endpoints[random.below(5)], endpoints[random.below(5)]});
}

void change_something(World& world) {
  Random& random = world.loop.random();
  const std::string service = text("s{}", random.below(6)), slice = text("e{}", random.below(9));
  switch (random.below(7)) {
    case 0: return world.api.remove(services_path, service);
    case 1: return world.api.remove(slices_path, slice);
    case 2: return world.api.small.end_watches();
    case 3:
    case 4: return world.api.put(services_path, some_service(service, random));
    default: return world.api.put(slices_path, some_slice(slice, service, random));
  }
}

Task<void> the_kernel_gets_what_there_is(World& world) {
  world.kernel.failures_in_a_hundred = 30;
  for (int life = 0; life < 3; ++life) {
    const auto services = world.make();
    io::TaskGroup running(world.loop);
    running.spawn(run(*services), "services");
    for (int i = 0; i < 60; ++i) {
      change_something(world);
      if (world.loop.random().below(3) != 0)
        co_await io::sleep(milliseconds(static_cast<std::int64_t>(world.loop.random().below(300))));
    }
    if (life == 2) CHECK(co_await world.settles());
    running.cancel();
    co_await running.join();
    change_something(world);  // while nobody looks
  }
}

// Waits until `services` has drained the pod 10.0.0.1; how long that took.
Task<Duration> drain(World& world, Services& services) {
  const Monotonic begun = world.loop.clock().now();
  std::vector<IpAddress> pod = {*IpAddress::parse("10.0.0.1")};
  co_await services.drained(std::move(pod));
  co_return world.loop.clock().now() - begun;
}

bool sends_to_first(World& world) { return told(world.kernel.table).contains("10.0.0.1:"); }

Task<void> change_after(World& world, Duration wait, std::string slice) {
  co_await io::sleep(wait);
  world.api.put(slices_path, slice);
}

Task<void> draining_ends(World& world) {
  world.api.put(services_path, service_json("web", web));
  world.api.put(slices_path, slice_json("web-1", "web", {"10.0.0.1 n1", "10.0.0.2 n1"}));
  const auto services = world.make();
  io::TaskGroup running(world.loop);
  running.spawn(run(*services), "services");
  CHECK(co_await world.settles());
  CHECK(sends_to_first(world));

  // The controller says it a moment later.
  running.spawn(change_after(world, milliseconds(300),
                             slice_json("web-1", "web", {"10.0.0.1 n1 ending serving", "10.0.0.2 n1"})));
  const Duration told_late = co_await drain(world, *services);
  CHECK_FALSE(sends_to_first(world));
  CHECK(told_late >= milliseconds(300));
  CHECK(told_late < milliseconds(400));
  CHECK(co_await drain(world, *services) == Duration());  // it is so already

  // The last one serves to its end.
  world.api.put(slices_path, slice_json("web-1", "web", {"10.0.0.1 n1 ending serving"}));
  CHECK(co_await drain(world, *services) < milliseconds(100));
  CHECK(co_await world.settles());
  CHECK(sends_to_first(world));

  // Nobody says anything.
  world.put_web("10.0.0.1 n1");
  co_await io::sleep(seconds(1));
  CHECK(co_await drain(world, *services) == seconds(2));
  world.api.remove(services_path, "web");
  CHECK(co_await world.settles());
  CHECK(co_await drain(world, *services) == Duration());
  running.cancel();
  co_await running.join();
}

Task<void> close_changes_are_one(World& world) {
  const auto services = world.make();
  io::TaskGroup running(world.loop);
  running.spawn(run(*services), "services");
  co_await io::sleep(seconds(1));
  const int before = world.kernel.applied;
  CHECK(before == 1);
  for (int i = 0; i < 50; ++i) world.api.put(services_path, service_json(text("s{}", i), web));
  CHECK(co_await world.settles());
  CHECK(world.kernel.applied - before <= 3);
  const int settled = world.kernel.applied;
  world.api.put(services_path,
                service_json("s1", text("{},{}", web, R"("a":"what the table has no use for")")));
  co_await io::sleep(seconds(20));
  CHECK(world.kernel.applied == settled);
  co_await services->remove();
  CHECK(world.kernel.table.empty());
  CHECK(services->metrics().contains("kubeproxy_sync_proxy_rules_duration_seconds_count "));
  running.cancel();
  co_await running.join();
}

Task<std::string> ask(World& world, std::uint16_t port) {
  auto stream = co_await world.network.node("client").connect(io::Address::tcp("n1", port));
  co_await io::write_text(*stream, "GET / HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n");
  co_return co_await io::read_to_end(*stream, 1 << 16);
}

constexpr std::string_view balanced = R"("clusterIP":"10.96.0.1","type":"LoadBalancer","ipFamilies":["IPv4"],
  "externalTrafficPolicy":"Local","healthCheckNodePort":31000,
  "ports":[{"name":"http","port":80,"protocol":"TCP"}])";

Task<void> health_checks_answer(World& world) {
  world.api.put(services_path, service_json("web", balanced));
  world.put_web("10.0.0.1 n1");
  const auto services = world.make();
  io::TaskGroup running(world.loop);
  running.spawn(run(*services), "services");
  co_await io::sleep(seconds(1));
  const std::string good = co_await ask(world, 31'000);
  CHECK(good.starts_with("HTTP/1.1 200 "));
  CHECK(good.contains("X-Load-Balancing-Endpoint-Weight: 1\r\n"));
  CHECK(
      good.ends_with("{\n\t\"service\": {\n\t\t\"namespace\": \"default\",\n\t\t\"name\": \"web\"\n\t},\n"
                     "\t\"localEndpoints\": 1,\n\t\"serviceProxyHealthy\": true\n}"));
  world.put_web("10.0.0.1 n2");
  co_await io::sleep(seconds(1));
  const std::string bad = co_await ask(world, 31'000);
  CHECK(bad.starts_with("HTTP/1.1 503 "));
  CHECK(bad.contains("\"localEndpoints\": 0"));
  world.api.remove(services_path, "web");
  co_await io::sleep(seconds(1));
  CHECK_FALSE(co_await ask(world, 31'000).result());
  running.cancel();
  co_await running.join();
}

Task<void> nodes_balance(World& world) {
  const auto services = world.make(true);
  io::TaskGroup running(world.loop);
  running.spawn(run(*services), "services");
  world.api.put(services_path, service_json("web", balanced));
  co_await io::sleep(seconds(1));
  CHECK(world.api.ingress_of("web") == "192.0.2.1");
  CHECK(told(world.kernel.table).contains("192.0.2.1:80/TCP default/web:http everywhere"));

  // The port has an owner; it goes to the next one in line.
  world.api.put(services_path, service_json("zed", balanced));
  co_await io::sleep(seconds(1));
  CHECK(world.api.ingress_of("zed") == "");
  const auto event = std::ranges::find_if(world.api.small.there, [](const auto& each) {
    return each.first.contains("/events/") && each.second.contains("port 80/TCP is taken by default/web");
  });
  CHECK(event != world.api.small.there.end());
  world.api.remove(services_path, "web");
  co_await io::sleep(seconds(1));
  CHECK(world.api.ingress_of("zed") == "192.0.2.1");

  json::Tree zed = tree_of(world.api.small.there.at(std::string(services_path) + "zed"));
  zed.root().member("spec").member("type").set_string("ClusterIP");
  world.api.put(services_path, zed.to_text());
  co_await io::sleep(seconds(1));
  CHECK(world.api.ingress_of("zed") == "");
  const int patches = world.api.patches;
  co_await io::sleep(seconds(300));
  CHECK(world.api.patches == patches);
  running.cancel();
  co_await running.join();
}

}  // namespace

TEST_CASE("whatever happens, the kernel gets what there is") { in_worlds(12, the_kernel_gets_what_there_is); }
TEST_CASE("draining ends when the rules send nothing more, or there is nobody else") {
  in_worlds(3, draining_ends);
}
TEST_CASE("changes that come together are applied together") { in_worlds(3, close_changes_are_one); }
TEST_CASE("a load balancer's health checks are answered") { in_worlds(2, health_checks_answer); }
TEST_CASE("Services of type LoadBalancer have the nodes' addresses") { in_worlds(3, nodes_balance); }

}  // namespace podo::services
