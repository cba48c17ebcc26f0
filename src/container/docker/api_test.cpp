#include "container/docker/api.h"

#include <doctest/doctest.h>

#include "container/docker/routes.h"
#include "container/docker/world_testing.h"

namespace podo::docker {
namespace {

TEST_CASE("a version in the path is taken when it is known, and refused in Docker's words") {
  World world;
  CHECK(world.get("/_ping").body == "OK");
  CHECK(world.get("/v1.24/_ping").status == 200);
  CHECK(world.get("/v1.51/_ping").headers.get("Api-Version") == "1.51");
  const Answer newer = world.get("/v1.99/version");
  CHECK(newer.status == 400);
  CHECK(newer.message() == "client version 1.99 is too new. Maximum supported API version is 1.51");
  CHECK(world.get("/v1.23/version").message() ==
        "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client "
        "to a "
        "newer version");
}

TEST_CASE("what is no page is not found, whatever the method") {
  World world;
  CHECK(world.get("/foo").status == 404);
  CHECK(world.get("/foo").message() == "page not found");
  CHECK(world.remove("/_ping").message() == "page not found");
  CHECK(world.get("/v1.44").message() == "page not found");
}

TEST_CASE("a name may contain slashes") {
  CHECK(find_route("GET", "/images/10.0.0.1:5000/a/b/json").name == "10.0.0.1:5000/a/b");
  CHECK((find_route("GET", "/images/json").handler == list_images));
  CHECK(find_route("DELETE", "/images/a/b:1").name == "a/b:1");
  CHECK((find_route("GET", "/containers//json").handler == nullptr));
  CHECK((find_route("GET", "/volumes/x").handler == inspect_volume));
  World world;
  CHECK(world.get("/containers/a%2Fb/json").message() == "No such container: a/b");
}

TEST_CASE("a failure has the status of its kind") {
  World world;
  CHECK(world.get("/containers/x/json").status == 404);
  CHECK(world.get("/containers/json?filters=%7B%22foo%22:%5B%22a%22%5D%7D").message() ==
        "invalid filter 'foo'");
  CHECK(world.get("/containers/json?limit=x").message() == "strconv.Atoi: parsing \"x\": invalid syntax");
  CHECK(world.get("/containers/json?limit=x").status == 400);
  CHECK(world.get("/swarm").status == 503);
  CHECK(world.post("/services/create").status == 503);
}

TEST_CASE("a body must be there, be JSON and say so") {
  World world;
  CHECK(world.post("/containers/create").message() == "invalid JSON: got EOF while reading request body");
  CHECK(world.post("/containers/create", "{").status == 400);
  CHECK(world.post("/containers/create", "{}").message() ==
        "config cannot be empty in order to create a container");
  const Answer other = world.ask({.method = "POST",
                                  .target = "/containers/create",
                                  .body = "{}",
                                  .headers = {{"Content-Type", "text/plain"}}});
  CHECK(other.message() == "unsupported Content-Type header (text/plain): must be 'application/json'");
}

TEST_CASE("version and info tell what clients look for") {
  World world;
  const auto version = world.get("/version").json();
  CHECK(version.root().find("ApiVersion").string() == "1.51");
  CHECK(version.root().find("MinAPIVersion").string() == "1.24");
  world.engine.containers.push_back(a_container("a"));
  const auto info = world.get("/info").json();
  CHECK(info.root().find("ContainersRunning").as_int64() == 1);
  CHECK(info.root().find("OSType").string() == "linux");
  CHECK(info.root().find("Swarm").find("LocalNodeState").string() == "inactive");
}

TEST_CASE("events come from the ring, filtered, and then end with the window") {
  World world;
  world.events.publish(
      {.type = "container", .action = "start", .actor_id = "c1", .attributes = {{"image", "i"}}});
  world.events.publish({.type = "network", .action = "create", .actor_id = "n1", .attributes = {}});
  const Answer all = world.get("/events?since=1&until=1700000000");
  CHECK(all.body ==
        R"({"status":"start","id":"c1","from":"i","Type":"container","Action":"start","Actor":{"ID":"c1",)"
        R"("Attributes":{"image":"i"}},"scope":"local","time":1700000000,"timeNano":1700000000000000000})"
        "\n"
        R"({"Type":"network","Action":"create","Actor":{"ID":"n1","Attributes":{}},"scope":"local",)"
        R"("time":1700000000,"timeNano":1700000000000000000})"
        "\n");
  CHECK(world.get("/events?since=1&until=1700000000&filters={\"type\":[\"volume\"]}").body.empty());
  CHECK(world.get("/events?since=1&until=1700000000&filters={\"event\":{\"create\":true}}").body.find("n1") !=
        std::string::npos);
  CHECK(world.get("/events?since=5&until=2").status == 400);
}

TEST_CASE("a stream ends when the client has gone") {
  World world;
  CHECK(world.ask({.target = "/events", .leaves = true}).status == 200);
}

TEST_CASE("disk usage counts what is asked for") {
  World world;
  world.engine.containers.push_back(a_container("a"));
  world.images.images.push_back(an_image("docker.io/library/busybox:latest"));
  const auto all = world.get("/system/df").json();
  CHECK(all.root().find("LayersSize").as_int64() == 9);
  CHECK(all.root().find("Images").at(0).find("Containers").as_int64() == 1);
  CHECK(all.root().find("Containers").at(0).find("SizeRw").as_int64() == 10);
  const auto only = world.get("/system/df?type=volume").json();
  CHECK(only.root().find("Containers").kind() == json::Kind::null);
  CHECK(only.root().find("Volumes").size() == 0);
  CHECK(world.get("/system/df?type=x").status == 400);
}

}  // namespace
}  // namespace podo::docker
