#include "container/registry_client/session.h"

#include "container/registry_client/problem.h"
#include "container/registry_client/world_testing.h"

namespace podo::image {
namespace {

std::string problem(const auto& result) { return result ? "none" : result.error().message(); }

const PullOptions as_me{.platform = {}, .credentials = {.user = "me", .password = "pw"}};

}  // namespace

TEST_CASE("a registry that wants a token gets one, for anybody or for who asks") {
  RegistryWorld world;
  world.script.realm = "https://reg.example/token";
  world.script.put_image("team/app", "latest", {"layer", "another"});
  SUBCASE("anybody") {
    CHECK(problem(world.run(
              [](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/team/app"); })) == "none");
  }
  SUBCASE("who asks") {
    world.script.token_wants = "Basic bWU6cHc=";
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
            co_await w.pull("reg.example/team/app", as_me);
          })) == "none");
    CHECK(world.script.count("account=me") == 1);
  }
  SUBCASE("by an identity token") {
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
            co_await w.pull("reg.example/team/app",
                            {.platform = {}, .credentials = {.identity_token = "i&d"}});
          })) == "none");
    CHECK(world.script.token_form.contains("grant_type=refresh_token"));
    CHECK(world.script.token_form.contains("refresh_token=i%26d"));
  }
  CHECK(world.script.tokens == 1);
  CHECK(world.script.count("/token") == 1);
}

TEST_CASE("a token is asked for with the scope of what is done, and kept while it is good") {
  RegistryWorld world;
  world.script.realm = "https://reg.example/token";
  world.script.put_image("app", "1", {"layer"});
  world.script.put_image("app", "2", {"layer"});
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await w.pull("reg.example/app:1");
          CHECK(w.script.token_scopes == "repository:app:pull;");
          co_await w.pull("reg.example/app:2");
          CHECK(w.script.tokens == 1);
          co_await io::sleep(seconds(600));
          w.images.images.clear();
          co_await w.pull("reg.example/app:2");
          CHECK(w.script.tokens == 2);
          // A token that the registry forgot although it is good still.
          w.script.tokens = 7;
          w.images.images.clear();
          co_await w.pull("reg.example/app:2");
          CHECK(w.script.tokens == 8);
        })) == "none");
}

TEST_CASE("a registry that is never content is left") {
  RegistryWorld world;
  world.script.put_image("app", "latest", {"layer"});
  SUBCASE("with any token") {
    world.script.realm = "https://reg.example/token";
    world.script.faults["/v2/app/manifests"] = std::deque<Fault>(
        50, {.status = 401,
             .headers = {
                 {"WWW-Authenticate",
                  R"(Bearer realm="https://reg.example/token",service="s",error="insufficient_scope")"}}});
    const Result<> ran =
        world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app"); });
    CHECK(problem(ran) ==
          "pull access denied for reg.example/app, repository does not exist or may require 'docker login': "
          "denied: requested access to the resource is denied");
  }
  SUBCASE("with the password") {
    world.script.basic = "Basic another";
    const Result<> ran =
        world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app", as_me); });
    CHECK(problem(ran) == "unauthorized: authentication required");
  }
  SUBCASE("without a password") {
    world.script.basic = "Basic another";
    const Result<> ran =
        world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app"); });
    CHECK(problem(ran) == "Get \"https://reg.example/v2/app/manifests/latest\": no basic auth credentials");
  }
  CHECK(world.script.log.size() <= 6);
}

TEST_CASE("secrets are told to no token service without TLS") {
  RegistryWorld world;
  world.script.put_image("app", "latest", {"layer"});
  world.script.realm = "http://cdn.example/token";
  const Result<> ran =
      world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app", as_me); });
  REQUIRE(!ran);
  CHECK(ran.error().kind() == ErrorKind::denied);
  CHECK(world.script.count("/token") == 0);
}

TEST_CASE("a log-in gives an identity token, or says why not") {
  RegistryWorld world;
  world.script.realm = "https://reg.example/token";
  world.script.token_wants = "Basic bWU6cHc=";
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          CHECK(co_await w.registry.log_in("reg.example", as_me.credentials) == "id");
          CHECK(w.script.count("offline_token=true") == 1);
          const auto wrong =
              co_await w.registry.log_in("reg.example", {.user = "me", .password = "no"}).result();
          CHECK(problem(wrong) ==
                "Get \"https://reg.example/v2/\": unauthorized: incorrect username or password");
          CHECK(wrong.error().kind() == ErrorKind::unauthenticated);
          w.script.realm.clear();
          w.script.basic = "Basic bWU6cHc=";
          CHECK(co_await w.registry.log_in("reg.example", as_me.credentials) == "");
          const auto basic =
              co_await w.registry.log_in("reg.example", {.user = "me", .password = "no"}).result();
          CHECK(problem(basic) ==
                "login attempt to https://reg.example/v2/ failed with status: 401 Unauthorized");
        })) == "none");
}

TEST_CASE("tags come page by page") {
  RegistryWorld world;
  world.script.faults["/v2/app/tags/list?n=1000&last=b"] = {{.status = 200, .body = R"({"tags":["c"]})"}};
  world.script.faults["/v2/app/tags/list"] = {
      {.status = 200,
       .headers = {{"Link", R"(</v2/app/tags/list?n=1000&last=b>; rel="next")"}},
       .body = R"({"name":"app","tags":["a","b"]})"}};
  world.script.faults["/v2/none/tags/list"] = {{.status = 200, .body = R"({"name":"none","tags":null})"}};
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const auto tags = co_await w.registry.tags(co_await oci::Reference::parse("reg.example/app"), {});
          CHECK(tags == std::vector<std::string>{"a", "b", "c"});
          CHECK((co_await w.registry.tags(co_await oci::Reference::parse("reg.example/none"), {})).empty());
        })) == "none");
}

TEST_CASE("what a name stands for there is told without pulling it") {
  RegistryWorld world;
  const std::string digest = world.script.put_image("app", "latest", {"layer"}, "s390x");
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const auto remote =
              co_await w.registry.inspect(co_await oci::Reference::parse("reg.example/app"), {});
          CHECK(remote.descriptor.digest == crypto::digest_of(w.script.manifests["app:latest"].bytes));
          CHECK(remote.platforms.at(0).to_text() == "linux/s390x");
        })) == "none");
  CHECK(world.images.blobs.empty());
}

TEST_CASE("Docker Hub has a host of its own, mirrors come first, and CIDRs cover addresses") {
  RegistryRules rules{
      {{.domain = "docker.io", .mirrors = {"http://m.example:5000/", "no url"}, .ca_file = {}},
       {.domain = "10.1.0.0/16", .mirrors = {}, .insecure = true, .ca_file = {}}}};
  const auto hub = endpoints_of(rules, "docker.io");
  REQUIRE(hub.size() == 2);
  CHECK(hub[0].base == "http://m.example:5000");
  CHECK(hub[0].mirror);
  CHECK(hub[1].base == "https://registry-1.docker.io");
  CHECK(hub[1].settled);
  CHECK(is_insecure(rules, "10.1.2.3:5000"));
  CHECK(!is_insecure(rules, "10.2.2.3:5000"));
  CHECK(is_insecure(rules, "127.0.0.8"));
  CHECK(is_insecure(rules, "[::1]:5000"));
  CHECK(is_insecure(rules, "localhost:5000"));
  CHECK(!is_insecure(rules, "localhost.example"));
  CHECK(!endpoints_of(rules, "10.1.2.3").back().settled);
}

TEST_CASE("waits between tries grow, and end") {
  io::SimulatedLoop loop(3);
  Patience patience(loop.random(), 5);
  std::vector<std::int64_t> waits;
  const auto ran = loop.run([](io::SimulatedLoop& of, Patience& with, auto& out) -> Task<void> {
    for (;;) {
      const Monotonic before = of.clock().now();
      co_await with.rest(Error(ErrorKind::unavailable, "again"));
      out.push_back((of.clock().now() - before).ns / 1'000'000);
    }
  }(loop, patience, waits));
  CHECK(problem(ran) == "again");
  REQUIRE(waits.size() == 4);
  for (std::size_t i = 0; i < waits.size(); ++i) {
    CHECK(waits[i] >= (125 << i));
    CHECK(waits[i] <= (250 << i));
  }
}

}  // namespace podo::image
