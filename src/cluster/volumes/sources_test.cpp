#include "cluster/volumes/sources.h"

#include "base/io/simulated_loop.h"
#include "base/store/memory_store.h"
#include "cluster/volumes/volumes_testing.h"

namespace podo::volumes {
namespace {

constexpr const char* map_path = "/api/v1/namespaces/ns/configmaps/";

std::string value_of(const std::optional<json::Tree>& object) {
  return object ? std::string(kube::text_at(object->root(), "data.k")) : "(none)";
}

struct SourcesWorld {
  explicit SourcesWorld(std::uint64_t seed) : loop(seed) {}
  Task<std::string> value(std::string name) {
    co_return value_of(co_await sources->get("ns", SourceKind::config_map, std::move(name)));
  }
  Task<void> wait_for(std::size_t count) {
    while (changes.size() < count) co_await io::sleep(milliseconds(1));
  }
  Sources::Changed note() {
    return [this](std::string_view name_space, SourceKind kind, std::string_view name) {
      changes.push_back(text("{}/{} {}", name_space, name_of(kind), name));
    };
  }

  io::SimulatedLoop loop;
  schema::Schema schema = kube::parse_schema();
  NodesApi api{loop.simulated_clock()};
  client::LocalTransport transport{loop, api, {}};
  client::Client client{transport, schema};
  std::vector<std::string> changes;
  std::unique_ptr<Sources> sources = Sources::make(loop, client, note());
};

Task<void> follows_single_ones(SourcesWorld& w) {
  w.api.put(map_path + std::string("a"), R"({"data":{"k":"1"}})");
  CHECK(co_await w.value("a") == "1");  // not held: asked for
  CHECK(w.api.watches == 0);
  w.sources->hold("u1", "ns", SourceKind::config_map, "a");
  w.sources->hold("u1", "ns", SourceKind::config_map, "b");
  w.sources->hold("u2", "ns", SourceKind::config_map, "a");
  w.sources->hold("u2", "ns", SourceKind::config_map, "");
  CHECK(co_await w.value("") == "(none)");
  CHECK(co_await w.value("a") == "1");
  CHECK(co_await w.value("b") == "(none)");
  CHECK(w.changes.empty());
  w.api.put(map_path + std::string("a"), R"({"data":{"k":"2"}})");
  co_await w.wait_for(1);
  CHECK(co_await w.value("a") == "2");
  w.api.put(map_path + std::string("b"), R"({"data":{"k":"3"}})");
  w.api.put(map_path + std::string("c"), R"({"data":{"k":"4"}})");
  co_await w.wait_for(2);
  w.api.erase(map_path + std::string("b"));
  co_await w.wait_for(3);
  CHECK(co_await w.value("b") == "(none)");
  CHECK(w.changes == std::vector<std::string>{"ns/configmap a", "ns/configmap b", "ns/configmap b"});
  CHECK(w.api.watches == 2);
  CHECK(w.api.too_much == 0);
  // Another pod still holds a.
  w.sources->release("u1");
  w.api.put(map_path + std::string("a"), R"({"data":{"k":"5"}})");
  w.api.put(map_path + std::string("b"), R"({"data":{"k":"6"}})");
  co_await w.wait_for(4);
  w.sources->release("u2");
  w.api.put(map_path + std::string("a"), R"({"data":{"k":"7"}})");
  co_await io::sleep(seconds(5));
  CHECK(w.changes.size() == 4);
  CHECK(co_await w.value("a") == "7");
}

Task<void> recovers(SourcesWorld& w) {
  w.api.put(map_path + std::string("a"), R"({"data":{"k":"1"}})");
  w.api.broken = true;
  w.sources->hold("u1", "ns", SourceKind::config_map, "a");
  const auto refused = co_await w.value("a").result();
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message() == "broken");
  w.api.broken = false;
  CHECK(co_await w.value("a") == "1");  // asked for, until there is a mirror
  co_await io::sleep(seconds(70));
  CHECK(w.api.watches == 1);
  w.api.put(map_path + std::string("a"), R"({"data":{"k":"2"}})");
  co_await w.wait_for(1);
  CHECK(co_await w.value("a") == "2");
}

TEST_CASE("each that is held is watched alone; who holds it is told of its changes") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SourcesWorld world(seed);
    CHECK(world.loop.run(io::deadline(follows_single_ones(world), seconds(600))));
  }
}

TEST_CASE("a server that cannot be asked at first is asked again") {
  SourcesWorld world(1);
  CHECK(world.loop.run(io::deadline(recovers(world), seconds(600))));
}

// The server's objects are in this process.
Task<void> shares(io::SimulatedLoop& loop, const schema::Schema& schema) {
  SeededRandom random(1);
  const auto store = store::make_memory_store(loop, random);
  const auto objects = objects::Objects::make(loop, *store, schema);
  NodesApi api(loop.simulated_clock());
  client::LocalTransport transport(loop, api, {});
  client::Client client(transport, schema, objects.get());
  std::vector<std::string> changes;
  const auto sources = Sources::make(
      loop, client, [&](auto, SourceKind, std::string_view name) { changes.emplace_back(name); });
  const schema::Resource& maps = objects->resource("", "configmaps");
  const auto write = [&](std::string_view name, std::string_view value) {
    return objects->create({.resource = &maps, .name_space = "ns", .name = std::string(name)},
                           text(R"({{"kind":"ConfigMap","apiVersion":"v1","metadata":{{"name":"{}",)"
                                R"("namespace":"ns","creationTimestamp":null}},"data":{{"k":"{}"}}}})",
                                name, value));
  };
  co_await write("a", "1");
  co_await write("b", "2");
  sources->hold("u1", "ns", SourceKind::config_map, "a");
  CHECK(value_of(co_await sources->get("ns", SourceKind::config_map, "a")) == "1");
  // What the pod was made after is seen.
  sources->hold("u1", "ns", SourceKind::config_map, "c");
  const objects::Object c = co_await write("c", "3");
  CHECK(value_of(co_await sources->get("ns", SourceKind::config_map, "c", c.revision())) == "3");
  co_await write("d", "4");
  co_await io::sleep(seconds(1));
  CHECK(changes == std::vector<std::string>{"c"});
  CHECK(api.watches == 0);
}

TEST_CASE("of a server in this process everything is mirrored, and only what is held is told") {
  const schema::Schema schema = kube::parse_schema();
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    io::SimulatedLoop loop(seed);
    const auto ran = loop.run(io::deadline(shares(loop, schema), seconds(600)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

}  // namespace
}  // namespace podo::volumes
