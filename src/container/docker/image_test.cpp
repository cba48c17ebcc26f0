// Images, networks and volumes through the API.
#include <doctest/doctest.h>

#include "container/docker/world_testing.h"

namespace podo::docker {
namespace {

constexpr std::string_view busybox = "docker.io/library/busybox:latest";

TEST_CASE("an image is listed with its familiar name") {
  World world;
  world.images.images.push_back(an_image(std::string(busybox)));
  const std::string id = world.images.images[0]->id;
  CHECK(world.get("/images/json").body ==
        R"([{"Containers":-1,"Created":1700000000,"Id":")" + id +
            R"(","Labels":null,"ParentId":"","RepoDigests":[],"RepoTags":["busybox:latest"],)"
            R"("SharedSize":-1,"Size":1000}])"
            "\n");
  CHECK(world.get("/v1.40/images/json").body.find("VirtualSize") != std::string::npos);
  CHECK(world.get("/images/json?filters={\"reference\":[\"busy*\"]}").json().root().size() == 1);
  CHECK(world.get("/images/json?filters={\"reference\":[\"other:*\"]}").json().root().size() == 0);
  CHECK(world.get("/images/json?filters={\"dangling\":[\"true\"]}").json().root().size() == 0);
  CHECK(world.get("/images/json?filters={\"before\":[\"nope\"]}").status == 404);
}

TEST_CASE("the manifest behind an image is shown when it is asked for") {
  World world;
  world.engine.containers.push_back(a_container("web"));
  world.images.images.push_back(an_image(std::string(busybox)));
  const std::string digest = "sha256:" + std::string(64, 'd');
  world.images.blobs[""] = R"({"schemaVersion":2,"config":{"mediaType":"x","digest":")" + digest +
                           R"(","size":10},"layers":[)" + R"({"mediaType":"x","digest":")" + digest +
                           R"(","size":100}]})";
  const auto bytes = static_cast<std::int64_t>(world.images.blobs[""].size());
  for (const std::string& body : {world.get("/images/json?manifests=1").body,
                                  "[" + world.get("/images/busybox/json?manifests=1").body + "]"}) {
    const auto shown = json::parse(body).value();
    const json::Value one = shown.root().at(0).find("Manifests").at(0);
    CHECK(one.find("Size").find("Content").as_int64() == bytes + 110);
    CHECK(one.find("Kind").string() == "image");
    CHECK(one.find("ImageData").find("Platform").find("architecture").string() == "amd64");
    CHECK(one.find("ImageData").find("Containers").size() == 1);
    CHECK(one.find("ImageData").find("Size").find("Unpacked").as_int64() == 1000);
  }
  CHECK(world.get("/images/json").body.find("Manifests") == std::string::npos);
  world.images.blobs.clear();
  CHECK(world.get("/images/json?manifests=1").json().root().at(0).find("Manifests").size() == 0);
}

TEST_CASE("inspect and history of an image") {
  World world;
  world.images.images.push_back(an_image(std::string(busybox)));
  const auto newest = world.get("/images/busybox/json").json();
  CHECK(newest.root().find("RepoTags").at(0).string() == "busybox:latest");
  CHECK(newest.root().find("Comment").string() == "c");
  CHECK(newest.root().find("Config").find("Cmd").at(0).string() == "sh");
  CHECK(!newest.root().find("Config").find("Hostname").present());
  const auto older = world.get("/v1.44/images/busybox/json").json();
  CHECK(older.root().find("Config").find("Hostname").string().empty());
  CHECK(world.get("/images/busybox/json?platform=linux/s390x").status == 404);
  const auto history = world.get("/images/busybox/history").json();
  CHECK(history.root().size() == 2);
  CHECK(history.root().at(0).find("CreatedBy").string() == "CMD");
  CHECK(history.root().at(0).find("Size").as_int64() == 0);
  CHECK(history.root().at(0).find("Tags").at(0).string() == "busybox:latest");
  CHECK(history.root().at(1).find("Size").as_int64() == 1000);
  CHECK(history.root().at(1).find("Id").string() == "<missing>");
}

TEST_CASE("tags are made complete") {
  World world;
  world.images.images.push_back(an_image(std::string(busybox)));
  CHECK(world.post("/images/busybox/tag?repo=foo/x&tag=t").status == 201);
  CHECK(world.images.calls.back().ends_with("docker.io/foo/x:t"));
  CHECK(world.post("/images/busybox/tag?repo=foo/X").status == 400);
  CHECK(world.post("/images/nope/tag?repo=x").status == 404);
}

TEST_CASE("who uses an image is told to the one who removes it") {
  World world;
  world.engine.containers.push_back(a_container("web"));
  world.images.images.push_back(an_image(std::string(busybox)));
  const std::string id = world.images.images[0]->id;
  CHECK(world.remove("/images/busybox").body ==
        "[{\"Untagged\":\"busybox:latest\"},{\"Deleted\":\"" + id + "\"}]\n");
  CHECK(world.images.calls.back() == "remove busybox used by 'container web000000000 (running)'");
  CHECK(world.post("/images/prune?filters={\"dangling\":[\"false\"]}").body ==
        "{\"ImagesDeleted\":null,\"SpaceReclaimed\":0}\n");
  world.engine.containers.clear();
  CHECK(world.post("/images/prune?filters={\"dangling\":[\"false\"]}").body.find("SpaceReclaimed\":5") !=
        std::string::npos);
}

TEST_CASE("a failure before the first line has a status, a later one is the last line") {
  World world;
  const auto load = [&](std::string archive) {
    return world.ask({.method = "POST", .target = "/images/load?quiet=0", .body = std::move(archive)});
  };
  CHECK(load("broken").status == 400);
  const Answer cut = load("cut");
  CHECK(cut.status == 200);
  CHECK(
      cut.body ==
      "{\"status\":\"Loading layer\",\"progressDetail\":{\"current\":1,\"total\":2},\"id\":\"l1\"}\r\n"
      "{\"errorDetail\":{\"message\":\"the archive ends early\"},\"error\":\"the archive ends early\"}\r\n");
  CHECK(load("whole").body.ends_with("{\"stream\":\"Loaded image: busybox:1\\n\"}\r\n"));
  world.images.images.push_back(an_image(std::string(busybox)));
  CHECK(world.get("/images/get?names=busybox").body == "archive");
  CHECK(world.get("/images/get?names=nope").status == 404);
}

TEST_CASE("a network is made, shown, connected and removed") {
  World world;
  world.engine.containers.push_back(a_container("web"));
  CHECK(world.post("/networks/create", R"({"Name":"host"})").status == 403);
  CHECK(world
            .post("/networks/create", R"({"Name":"front","Labels":{"a":"b"},"IPAM":{"Config":[)"
                                      R"({"Subnet":"10.1.0.0/24","Gateway":"10.1.0.1"}]}})")
            .body == "{\"Id\":\"n1\",\"Warning\":\"\"}\n");
  CHECK(world.post("/networks/create", R"({"Name":"front"})").message() ==
        "network with name front already exists");
  CHECK(world.post("/networks/front/connect", R"({"Container":"web","EndpointConfig":{"Aliases":["w"]}})")
            .status == 200);
  CHECK(world.engine.calls.back() == "connect front web 1");
  const auto shown = world.get("/networks/front").json();
  CHECK(shown.root().find("Driver").string() == "bridge");
  CHECK(shown.root().find("IPAM").find("Config").at(0).find("Gateway").string() == "10.1.0.1");
  CHECK(shown.root().find("EnableIPv4").boolean());
  CHECK(world.get("/networks?filters={\"name\":[\"fro\"],\"type\":[\"custom\"]}").json().root().size() == 1);
  CHECK(world.get("/networks?filters={\"type\":[\"builtin\"]}").json().root().size() == 0);
  network::Endpoint endpoint;
  endpoint.network_id = "n1";
  endpoint.ipv4 = "10.1.0.2";
  endpoint.prefix4 = 24;
  endpoint.wish.container_id = "c";
  world.networks.endpoints.push_back(endpoint);
  const auto used = world.get("/networks/n1").json();
  CHECK(used.root().find("Containers").find("c").find("IPv4Address").string() == "10.1.0.2/24");
  CHECK(world.remove("/networks/front").status == 403);
  CHECK(world.post("/networks/prune").body == "{\"NetworksDeleted\":null}\n");
  world.networks.endpoints.clear();
  CHECK(world.post("/networks/prune").body == "{\"NetworksDeleted\":[\"front\"]}\n");
  CHECK(world.get("/networks/front").message() == "network front not found");
}

TEST_CASE("a volume is made, shown and removed") {
  World world;
  CHECK(world.get("/volumes").body == "{\"Volumes\":[],\"Warnings\":null}\n");
  CHECK(world.post("/volumes/create", R"({"Name":"v","Labels":{"a":"b"}})").body ==
        R"({"CreatedAt":"2023-11-14T22:13:20Z","Driver":"local","Labels":{"a":"b"},)"
        R"("Mountpoint":"/data/volumes/v/_data","Name":"v","Options":null,"Scope":"local"})"
        "\n");
  CHECK(world.get("/volumes?filters={\"label\":[\"a=b\"]}").json().root().find("Volumes").size() == 1);
  CHECK(world.get("/volumes?filters={\"label\":[\"a=c\"]}").json().root().find("Volumes").size() == 0);
  CHECK(world.get("/volumes/x").message() == "get x: no such volume");
  CHECK(world.post("/volumes/prune").body == "{\"VolumesDeleted\":[],\"SpaceReclaimed\":0}\n");
  CHECK(world.post("/volumes/prune?filters={\"all\":[\"true\"]}").body ==
        "{\"VolumesDeleted\":[\"v\"],\"SpaceReclaimed\":4096}\n");
  CHECK(world.remove("/volumes/v").status == 204);
}

}  // namespace
}  // namespace podo::docker
