#include "container/registry_client/world_testing.h"

namespace podo::image {
namespace {

std::string problem(const auto& result) { return result ? "none" : result.error().message(); }

// An image that was pulled from team/app and is called `name` besides.
Task<void> pull_and_name(RegistryWorld& world, std::string name) {
  world.script.put_image("team/app", "1", {blob_of('a', 500'000), blob_of('b', 10), blob_of('a', 500'000)});
  world.images.images[name] = co_await world.pull("reg.example/team/app:1");
  world.script.log.clear();
  world.told.clear();
}

}  // namespace

TEST_CASE("a push sends what the registry lacks") {
  RegistryWorld world;
  world.script.mounts = false;
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await pull_and_name(w, "reg.example/other:2");
          const auto blobs = std::exchange(w.script.blobs, {});
          w.script.manifests.clear();
          co_await w.push("reg.example/other:2", {.credentials = {}, .layers_at_once = 1});
          CHECK(w.script.blobs == blobs);
          CHECK(w.script.manifests.contains("other:2"));
          co_await w.pull("reg.example/other:2");
        })) == "none");
  CHECK(world.told.front().status == "The push refers to repository [reg.example/other]");
  for (const auto* status : {"Preparing", "Pushing", "Pushed", "Layer already exists"})
    CHECK(world.was_told(status));
  const std::string digest = crypto::digest_of(world.script.manifests["other:2"].bytes);
  const std::string size = text("{}", world.script.manifests["other:2"].bytes.size());
  CHECK(world.was_told("2: digest: " + digest + " size: " + size));
  bool has_aux = false;
  for (const auto& progress : world.told)
    has_aux |= progress.aux_json == R"({"Tag":"2","Digest":")" + digest + R"(","Size":)" + size + "}";
  CHECK(has_aux);
  CHECK(world.images.images.contains("reg.example/other@" + digest));
}

TEST_CASE("what the registry has is not sent: it is found, or mounted from where it came") {
  RegistryWorld world;
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await pull_and_name(w, "reg.example/other:2");
          co_await w.push("reg.example/other:2");
          CHECK(w.script.count("PUT") == 1);
          CHECK(w.was_told("Layer already exists"));
          w.script.manifests.clear();
          w.script.log.clear();
          // A registry that shows no blobs of other repositories, but mounts them.
          for (const auto& [digest, bytes] : w.script.blobs)
            w.script.faults["HEAD /v2/other/blobs/" + digest] = {{.status = 404}};
          co_await w.push("reg.example/other:2");
        })) == "none");
  CHECK(world.script.count("PUT /v2/other/blobs/") == 1);  // the config: where from, is not known
  CHECK(world.script.count("from=team%2Fapp") == 2);
  CHECK(world.was_told("Mounted from team/app"));
}

TEST_CASE("an upload that breaks goes on in chunks") {
  RegistryWorld world;
  world.script.mounts = false;
  SUBCASE("after trouble") { world.script.faults["PUT /v2/other/blobs/"] = {{.status = 503}}; }
  SUBCASE("or where a whole blob is too much") {
    world.script.faults["PUT /v2/other/blobs/"] = {{.status = 413}};
  }
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await pull_and_name(w, "reg.example/other:2");
          const auto blobs = std::exchange(w.script.blobs, {});
          co_await w.push("reg.example/other:2", {.credentials = {}, .layers_at_once = 1});
          CHECK(w.script.blobs == blobs);
        })) == "none");
  CHECK(world.script.count("PATCH") == 1);
}

TEST_CASE("a push that is not allowed says so") {
  RegistryWorld world;
  world.script.faults["HEAD"] = std::deque<Fault>(9, {.status = 404});
  world.script.faults["POST"] = std::deque<Fault>(
      9,
      {.status = 403,
       .body = R"({"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]})"});
  world.script.mounts = false;
  CHECK(problem(world.run([](RegistryWorld& w) -> Task<void> {
          co_await pull_and_name(w, "reg.example/team/app:2");
          const Result<> pushed = co_await w.push("reg.example/team/app:2").result();
          CHECK(problem(pushed) == "denied: requested access to the resource is denied");
          const Result<> absent = co_await w.push("reg.example/none:2").result();
          CHECK(problem(absent) == "An image does not exist locally with the tag: reg.example/none");
        })) == "none");
}

}  // namespace podo::image
