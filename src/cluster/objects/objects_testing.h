// A store with pods in it, for the tests of this room.
#pragma once

#include <doctest/doctest.h>

#include "base/io/combine.h"
#include "base/io/simulated_loop.h"
#include "base/store/memory_store.h"
#include "cluster/objects/store_objects.h"
#include "model/kube/schema.h"

namespace podo::objects {

struct World {
  World(io::SimulatedLoop& loop_, const schema::Schema& schema, std::uint64_t history_bytes,
        const FeedLimits& limits)
      : loop(loop_),
        random(1),
        store(store::make_memory_store(loop, random, {.limits = {}, .history_bytes = history_bytes})),
        objects(loop, *store, schema, limits),
        pods(objects.resource("", "pods")) {}
  Key pod(std::string_view name, std::string_view name_space = "ns") const {
    return {.resource = &pods, .name_space = std::string(name_space), .name = std::string(name)};
  }

  io::SimulatedLoop& loop;
  SeededRandom random;
  std::unique_ptr<store::Store> store;
  StoreObjects objects;
  const schema::Resource& pods;
};

struct WorldOptions {
  std::uint64_t history_bytes = 8 << 20;
  FeedLimits limits = {};
};

// In several orders of its strands.
inline void in_world(Task<void> (*property)(World&), const WorldOptions& options = {}) {
  const schema::Schema schema = kube::parse_schema();
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    io::SimulatedLoop loop(seed);
    World world(loop, schema, options.history_bytes, options.limits);
    Result<void> ran = loop.run(io::deadline(property(world), seconds(600)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

inline std::string pod_json(std::string_view name, std::string_view number) {
  return text(R"({{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{}","namespace":"ns","uid":"u-{}",)"
              R"("creationTimestamp":null,"labels":{{"n":"{}"}}}},"spec":{{}}}})",
              name, name, number);
}

template <class T>
Task<std::string> verdict(Task<T> task) {
  Result<T> outcome = co_await std::move(task).result();
  co_return std::string(outcome ? "ok" : name_of(outcome.error().kind()));
}

inline std::string names(const ListPage& page) {
  std::string out;
  for (const Object& object : page.objects) out.append(out.empty() ? "" : " ").append(object.name());
  return out;
}

}  // namespace podo::objects
