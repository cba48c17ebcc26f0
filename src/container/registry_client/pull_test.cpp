#include "container/registry_client/world_testing.h"

namespace podo::image {
namespace {

std::string problem(const auto& result) { return result ? "none" : result.error().message(); }

}  // namespace

TEST_CASE("a pull brings an image, and tells of it as Docker does") {
  RegistryWorld world;
  const std::string digest = world.script.put_image(
      "team/app", "1", {blob_of('a', 900'000), blob_of('b', 10), blob_of('c', 70'000)});
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const ImagePtr image = co_await w.pull("reg.example/team/app:1");
          CHECK(image->tags.at(0) == "reg.example/team/app:1");
        })) == "none");
  CHECK(world.images.layers.size() == 3);
  CHECK(world.images.images.contains("reg.example/team/app@" + digest));
  CHECK(world.told.front().status == "Pulling from team/app");
  CHECK(world.told.front().id == "1");
  for (const auto* status : {"Pulling fs layer", "Downloading", "Verifying Checksum", "Download complete",
                             "Extracting", "Pull complete"})
    CHECK(world.was_told(status));
  CHECK(world.was_told("Digest: " + digest));
  CHECK(world.told.back().status == "Status: Downloaded newer image for reg.example/team/app:1");
  CHECK(world.images.partial.empty());
}

TEST_CASE("an image that is up to date costs one request") {
  RegistryWorld world;
  world.script.put_image("app", "latest", {blob_of('a', 100)});
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await w.pull("reg.example/app");
          w.script.log.clear();
          co_await w.pull("reg.example/app");
        })) == "none");
  CHECK(world.script.log == std::vector<std::string>{"HEAD /v2/app/manifests/latest"});
  CHECK(world.told.back().status == "Status: Image is up to date for reg.example/app:latest");
}

TEST_CASE("layers that are here are not fetched again") {
  RegistryWorld world;
  const std::string base = blob_of('a', 100), top = blob_of('b', 100);
  world.script.put_image("app", "1", {base});
  world.script.put_image("app", "2", {base, top, top});
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await w.pull("reg.example/app:1");
          co_await w.pull("reg.example/app:2");
        })) == "none");
  CHECK(world.script.count("GET /v2/app/blobs/" + crypto::digest_of(base)) == 1);
  CHECK(world.script.count("GET /v2/app/blobs/" + crypto::digest_of(top)) == 1);
  CHECK(world.was_told("Already exists"));
  CHECK(world.images.layers.size() == 3);
}

TEST_CASE("the manifest of the wanted platform is taken from an index") {
  RegistryWorld world;
  oci::Index index{};
  index.media_type = oci::media_type::docker_list;
  for (const std::string architecture : {"s390x", "riscv64"}) {
    const std::string digest = world.script.put_image("app", "", {"layer for " + architecture}, architecture);
    index.manifests.push_back({.media_type = std::string(oci::media_type::manifest),
                               .digest = digest,
                               .size = 1,
                               .platform = oci::Platform{.os = "linux", .architecture = architecture}});
  }
  const std::string digest =
      world.script.put_manifest("app", "latest", index.media_type, oci::encode_index(index));
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          PullOptions wanted{.platform = oci::Platform{.os = "linux", .architecture = "riscv64"},
                             .credentials = {}};
          const ImagePtr image = co_await w.pull("reg.example/app", wanted);
          CHECK(image->config.architecture == "riscv64");
          const Result<ImagePtr> other =
              co_await w
                  .pull("reg.example/app",
                        {.platform = oci::Platform{.os = "linux", .architecture = "mips"}, .credentials = {}})
                  .result();
          CHECK(problem(other) == "no matching manifest for linux/mips in the manifest list entries");
        })) == "none");
  CHECK(world.images.images.contains("reg.example/app@" + digest));
}

TEST_CASE("what is missing or hidden is told in Docker's words") {
  RegistryWorld world;
  world.script.faults["manifests/denied"] = std::deque<Fault>(
      4,
      {.status = 403,
       .body = R"({"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]})"});
  world.script.faults["manifests/odd"] = std::deque<Fault>(4, {.status = 404, .body = "<html>"});
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          auto missing = co_await w.pull("reg.example/app:no").result();
          CHECK(problem(missing) ==
                "manifest for reg.example/app:no not found: manifest unknown: manifest unknown");
          CHECK(missing.error().kind() == ErrorKind::not_found);
          auto hidden = co_await w.pull("reg.example/app:denied").result();
          CHECK(problem(hidden) ==
                "pull access denied for reg.example/app, repository does not exist or may require 'docker "
                "login': "
                "denied: requested access to the resource is denied");
          auto odd = co_await w.pull("reg.example/app:odd").result();
          CHECK(problem(odd) ==
                "manifest for reg.example/app:odd not found: unexpected status from GET request to "
                "https://reg.example/v2/app/manifests/odd: 404 Not Found");
          CHECK(w.told.empty());
        })) == "none");
}

TEST_CASE("a manifest that is not what was asked for is refused") {
  RegistryWorld world;
  const std::string digest = world.script.put_image("app", "good", {"layer"});
  auto& good = world.script.manifests["app:good"];
  world.script.manifests["app@sha256:" + std::string(64, '0')] = good;
  world.script.manifests["app:html"] = {"text/html", "<html>"};
  world.script.manifests["app:page"] = {"text/html", good.bytes};
  world.script.manifests["app:cut"] = {good.type, good.bytes.substr(0, good.bytes.size() / 2)};
  world.script.manifests["app:other"] = {std::string(oci::media_type::index), good.bytes};
  world.script.manifests["app:old"] = {std::string(oci::media_type::docker_schema1_signed), "{}"};
  world.script.manifests["app:plain"] = {"application/json; charset=utf-8", good.bytes};
  world.script.manifests["app:huge"] = {good.type, std::string(oci::manifest_bytes_max + 1, ' ')};
  world.script.faults["GET /v2/app/manifests/lies"] = {
      {.status = 200,
       .headers = {{"Docker-Content-Digest", "sha256:" + std::string(64, 'f')}, {"Content-Type", good.type}},
       .body = good.bytes}};
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const auto kind = [](const Result<ImagePtr>& result) {
            return result ? "none" : name_of(result.error().kind());
          };
          CHECK(kind(co_await w.pull("reg.example/app@sha256:" + std::string(64, '0')).result()) ==
                "corrupt");
          CHECK(kind(co_await w.pull("reg.example/app:html").result()) == "corrupt");
          CHECK(kind(co_await w.pull("reg.example/app:page").result()) == "corrupt");
          CHECK(kind(co_await w.pull("reg.example/app:cut").result()) == "corrupt");
          CHECK(kind(co_await w.pull("reg.example/app:other").result()) == "corrupt");
          CHECK(kind(co_await w.pull("reg.example/app:old").result()) == "unsupported");
          CHECK(kind(co_await w.pull("reg.example/app:huge").result()) == "exhausted");
          CHECK(kind(co_await w.pull("reg.example/app:lies").result()) == "corrupt");
          CHECK(kind(co_await w.pull("reg.example/app:plain").result()) == "none");
        })) == "none");
}

TEST_CASE("a blob that breaks off goes on where it stopped") {
  RegistryWorld world;
  const std::string layer = blob_of('x', 3'000'000);
  world.script.put_image("app", "latest", {layer});
  const std::string path = "GET /v2/app/blobs/" + crypto::digest_of(layer);
  world.script.faults[path] = {{.breaks_after = 1'000'000}, {.status = 503}, {.stalls_after = 700'000}};
  SUBCASE("by a range") {}
  SUBCASE("or from the start, where the registry knows no ranges") { world.script.ranges = false; }
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const Monotonic start = w.loop.clock().now();
          co_await w.pull("reg.example/app");
          CHECK(w.loop.clock().now() - start < seconds(40));
        })) == "none");
  CHECK(world.script.count(path) == 4);
  CHECK(world.images.blobs[crypto::digest_of(layer)] == layer);
}

TEST_CASE("a registry that never recovers is given up") {
  RegistryWorld world;
  const std::string layer = blob_of('x', 1000);
  world.script.put_image("app", "latest", {layer});
  SUBCASE("errors") {
    world.script.faults["blobs/" + crypto::digest_of(layer)] = std::deque<Fault>(50, {.status = 500});
  }
  SUBCASE("stalls") {
    world.script.faults["blobs/" + crypto::digest_of(layer)] = std::deque<Fault>(50, {.stalls_after = 10});
    world.script.ranges = false;
  }
  SUBCASE("too many requests") {
    world.script.faults["manifests/latest"] =
        std::deque<Fault>(50, {.status = 429, .headers = {{"Retry-After", "3600"}}});
  }
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const Monotonic start = w.loop.clock().now();
          CHECK(!co_await w.pull("reg.example/app").result());
          CHECK(w.loop.clock().now() - start < seconds(300));
        })) == "none");
  CHECK(world.script.log.size() < 20);
}

TEST_CASE("a registry that says when to come again is listened to") {
  RegistryWorld world;
  world.script.put_image("app", "latest", {"layer"});
  world.script.faults["manifests/latest"] = {{.status = 429, .headers = {{"Retry-After", "7"}}}};
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const Monotonic start = w.loop.clock().now();
          co_await w.pull("reg.example/app");
          CHECK(w.loop.clock().now() - start >= seconds(7));
        })) == "none");
}

TEST_CASE("a layer that lies about its digest or size is refused and not kept") {
  RegistryWorld world;
  const std::string layer = blob_of('x', 1000);
  world.script.put_image("app", "latest", {layer});
  std::string& bytes = world.script.blobs[crypto::digest_of(layer)];
  SUBCASE("the digest") { bytes[500] = '!'; }
  SUBCASE("longer") { bytes += "more"; }
  SUBCASE("shorter") { bytes.resize(400); }
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const auto pulled = co_await w.pull("reg.example/app").result();
          REQUIRE(!pulled);
          CHECK(pulled.error().kind() == ErrorKind::corrupt);
        })) == "none");
  CHECK(!world.images.has_blob(crypto::digest_of(layer)));
  CHECK(world.images.images.empty());
}

TEST_CASE("a redirect is followed, but the token stays at home") {
  RegistryWorld world;
  const std::string layer = blob_of('x', 1000);
  world.script.put_image("app", "latest", {layer});
  world.script.realm = "https://reg.example/token";
  const std::string path = "/v2/app/blobs/" + crypto::digest_of(layer);
  SUBCASE("to another host") {
    world.script.faults["GET " + path] = {
        {.status = 307, .headers = {{"Location", "https://cdn.example/data/" + crypto::digest_of(layer)}}}};
    // The other host takes no token: it would be refused there.
    world.script.faults["GET /data/"] = {{.status = 200, .body = layer}};
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app"); })) ==
          "none");
    CHECK(world.script.count("GET /data/") == 1);
    for (const auto& line : world.script.log)
      if (line.contains("/data/")) CHECK(!line.contains("Bearer"));
  }
  SUBCASE("but not away from https") {
    world.script.faults["GET " + path] = {
        {.status = 307, .headers = {{"Location", "http://cdn.example/data"}}}};
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app"); })) ==
          "https://reg.example" + path + " leads from https to http://cdn.example:80");
  }
  SUBCASE("nor to a socket of this machine") {
    world.script.faults["GET " + path] = {
        {.status = 307, .headers = {{"Location", "unix://%2Frun%2Fdocker.sock/info"}}}};
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app"); })) ==
          "https://reg.example" + path + " leads to unix://%2Frun%2Fdocker.sock");
  }
  SUBCASE("and not for ever") {
    world.script.faults["GET " + path] =
        std::deque<Fault>(60, {.status = 302, .headers = {{"Location", path}}});
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
            co_await w.pull("reg.example/app");
          })).contains("more than 5 redirects"));
  }
}

TEST_CASE("two pulls of the same layer share one download") {
  RegistryWorld world;
  const std::string layer = blob_of('x', 2'000'000);
  world.script.put_image("app", "1", {layer});
  world.script.put_image("app", "2", {layer, "another"});
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await io::all(w.pull("reg.example/app:1"), w.pull("reg.example/app:2"),
                           w.pull("reg.example/app:1"));
        })) == "none");
  CHECK(world.script.count("GET /v2/app/blobs/" + crypto::digest_of(layer)) == 1);
}

TEST_CASE("a cancelled pull leaves a part that the next one goes on from") {
  RegistryWorld world;
  const std::string layer = blob_of('x', 4'000'000);
  world.script.put_image("app", "latest", {layer});
  world.images.write_takes = milliseconds(100);
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          const auto late = co_await io::deadline(w.pull("reg.example/app"), milliseconds(800)).result();
          CHECK(!late);
        })) == "none");
  const std::size_t part = world.images.partial[crypto::digest_of(layer)].size();
  CHECK(part > 0);
  CHECK(part < layer.size());
  CHECK(world.images.images.empty());
  SUBCASE("also while another one waits for the same layer") {
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
            auto first = [](RegistryWorld& of) -> Task<void> {
              (void)co_await io::deadline(of.pull("reg.example/app"), milliseconds(500)).result();
            };
            co_await io::all(first(w), w.pull("reg.example/app"));
          })) == "none");
  }
  SUBCASE("by itself") {
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app"); })) ==
          "none");
  }
  SUBCASE("or throws away, when it was damaged") {
    world.images.partial[crypto::digest_of(layer)][7] ^= 1;
    CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> { co_await w.pull("reg.example/app"); })) ==
          "none");
  }
  CHECK(world.images.blobs[crypto::digest_of(layer)] == layer);
}

TEST_CASE("a mirror is asked first, without credentials, and need not have everything") {
  RegistryWorld world(
      {{{.domain = "reg.example", .mirrors = {"https://cdn.example/mirror/"}, .ca_file = {}}}});
  world.script.put_image("app", "latest", {"layer"});
  world.script.basic = "Basic bWU6cHc=";
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await w.pull("reg.example/app",
                          {.platform = {}, .credentials = {.user = "me", .password = "pw"}});
        })) == "none");
  CHECK(world.script.log.front() == "GET /mirror/v2/app/manifests/latest");
  CHECK(world.script.count("/mirror/v2/app/manifests/latest [") == 0);
  CHECK(world.script.count("GET /v2/app/manifests/latest [Basic bWU6cHc=]") == 1);
}

TEST_CASE("only what is insecure is asked without TLS") {
  RegistryWorld world;
  world.connector.plain = {"localhost", "reg.example"};
  world.script.put_image("app", "latest", {"layer"});
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await w.pull("localhost:80/app");
          const auto refused = co_await w.pull("reg.example/app").result();
          CHECK(!refused);
        })) == "none");
}

}  // namespace podo::image
