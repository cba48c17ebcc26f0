#include "cluster/client/client_testing.h"
#include "cluster/client/leader.h"

namespace podo::client {
namespace {

Task<std::string> kind_of_failure(Task<json::Tree> task) {
  const Result<json::Tree> outcome = co_await std::move(task).result();
  co_return std::string(outcome ? "ok" : name_of(outcome.error().kind()));
}

// As a stored object is: kind and apiVersion first.
std::string whole(const json::Tree& object, std::string_view kind) {
  const std::string rest = object.to_text().substr(1);
  return text(R"({{"kind":"{}","apiVersion":"coordination.k8s.io/v1",{})", kind, rest);
}

Task<void> writes(ClientWorld& w) {
  CHECK(co_await kind_of_failure(w.client.get(w.at("a"))) == "not found");
  CHECK_FALSE(co_await w.client.find(w.at("a")));
  json::Tree made = co_await w.client.create(w.at("a"), w.lease("a").root());
  CHECK(co_await kind_of_failure(w.client.create(w.at("a"), made.root())) == "already exists");
  const json::Tree newer = co_await w.client.update(w.at("a"), made.root());
  CHECK(co_await kind_of_failure(w.client.update(w.at("a"), made.root())) == "conflict");
  CHECK(newer.root().find("metadata", "resourceVersion")->string() == "12");
  co_await w.client.remove(w.at("a"), {.uid = "u"});
  CHECK(w.api.there.empty());
  w.api.broken = true;
  CHECK(co_await kind_of_failure(w.client.get(w.at("a"))) == "unavailable");
}

Task<void> mirror_follows(ClientWorld& w) {
  for (const char* name : {"a", "b", "c", "d", "e"})
    co_await w.client.create(w.at(name), w.lease(name).root());
  std::vector<std::string> seen;
  const auto mirror = co_await w.client.mirror(
      *w.leases, {.name_space = "ns"}, [&seen](const objects::Object& before, const objects::Object& now) {
        seen.push_back(text("{}{} {}", before ? "-" : "", now ? "+" : "", (now ? now : before).name()));
      });
  CHECK(seen == std::vector<std::string>{"+ a", "+ b", "+ c", "+ d", "+ e"});
  seen.clear();
  co_await w.client.create(w.at("f"), w.lease("f").root());
  json::Tree b = co_await w.client.get(w.at("b"));
  co_await w.client.update(w.at("b"), b.root());
  co_await w.client.remove(w.at("c"));
  while (mirror->find("ns", "c") != nullptr) co_await io::sleep(milliseconds(1));
  CHECK(seen == std::vector<std::string>{"+ f", "-+ b", "- c"});
  REQUIRE(mirror->find("ns", "b") != nullptr);
  CHECK(mirror->find("ns", "b")->json() == whole(co_await w.client.get(w.at("b")), "Lease"));
  // The watch ends, and changes come while there is none.
  seen.clear();
  w.api.broken = true;
  w.api.end_watches();
  w.api.there.erase("/apis/coordination.k8s.io/v1/namespaces/ns/leases/a");
  co_await io::sleep(seconds(5));
  w.api.broken = false;
  while (mirror->find("ns", "a") != nullptr) co_await io::sleep(milliseconds(100));
  CHECK(seen == std::vector<std::string>{"- a"});
}

Task<void> caller_goes(ClientWorld& w) {
  {
    http::Response response =
        co_await w.client.send({.url = "/apis/coordination.k8s.io/v1/namespaces/ns/leases?watch=true"});
    CHECK(response.status == 200);
    CHECK(w.api.watches == 1);
  }
  // Its handler is gone with the answer: nobody waits for the next change.
  w.api.end_watches();
  co_await io::sleep(milliseconds(1));
}

// Two who want to lead: `work` notes who works, and that never two do at once.
struct Led {
  int working = 0, most = 0;
  std::vector<std::string> order;
};

Task<void> lead_for_a_while(ClientWorld& w, Led& led, std::string identity, Duration time) {
  const auto work = [](Led& notes, std::string who, Duration how_long) -> Task<void> {
    notes.most = std::max(notes.most, ++notes.working);
    notes.order.push_back(who);
    const auto slept =
        co_await [](Duration wait) -> Task<void> { co_await io::sleep(wait); }(how_long).result();
    --notes.working;
    co_await Result<void>(slept);
  };
  co_await lead(w.client, w.loop.clock(), {.name = "l", .identity = identity, .name_space = "ns"},
                [&]() { return work(led, identity, time); });
}

Task<void> one_leads(ClientWorld& w) {
  Led led;
  io::TaskGroup group(co_await io::this_loop());
  group.spawn(lead_for_a_while(w, led, "one", seconds(100)));
  co_await io::sleep(seconds(1));
  group.spawn(lead_for_a_while(w, led, "two", seconds(100)));
  co_await group.join();
  CHECK(led.order == std::vector<std::string>{"one", "two"});
  CHECK(led.most == 1);
}

Task<void> leader_loses_touch(ClientWorld& w) {
  Led led;
  io::TaskGroup group(co_await io::this_loop());
  group.spawn(lead_for_a_while(w, led, "one", seconds(1000)));
  co_await io::sleep(seconds(30));
  CHECK(led.working == 1);
  w.api.broken = true;
  co_await io::sleep(seconds(11));
  CHECK(led.working == 0);  // before the lease has lapsed for anybody
  w.api.broken = false;
  co_await io::sleep(seconds(3));
  CHECK(led.working == 1);
  group.cancel();
  co_await group.join();
  CHECK(led.working == 0);
}

}  // namespace

TEST_CASE("a Status becomes an Error of its kind") { in_client_world(writes); }
TEST_CASE("a mirror over the API follows, and catches up when its watch has ended") {
  in_client_world(mirror_follows);
}
TEST_CASE("who drops an answer is a peer that has gone") { in_client_world(caller_goes); }
TEST_CASE("one leads, and the next when it gives the lease back") { in_client_world(one_leads); }
TEST_CASE("a leader that cannot renew its lease stops in time") { in_client_world(leader_loses_touch); }

TEST_CASE("paths of objects") {
  const schema::Schema schema = kube::parse_schema();
  const Where pod{.resource = schema.find_resource("", "v1", "pods"), .name_space = "a", .name = "x"};
  CHECK(pod.target() == "/api/v1/namespaces/a/pods/x");
  const Where scale{.resource = schema.find_resource("apps", "v1", "deployments"),
                    .name_space = "a",
                    .name = "b",
                    .subresource = "scale"};
  CHECK(scale.target() == "/apis/apps/v1/namespaces/a/deployments/b/scale");
  const Where role{.resource = schema.find_resource("rbac.authorization.k8s.io", "v1", "clusterroles"),
                   .name = "system:x"};
  CHECK(role.target() == "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax");
}

}  // namespace podo::client
