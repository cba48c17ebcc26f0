// Containers through the API.
#include <doctest/doctest.h>

#include "container/docker/container_json.h"
#include "container/docker/world_testing.h"

namespace podo::docker {
namespace {

network::NetworkRecord bridge() {
  network::NetworkRecord record;
  record.id = "bridge-id";
  record.name = "bridge";
  return record;
}

TEST_CASE("a running container is listed as Docker lists it") {
  World world;
  world.networks.records.push_back(bridge());
  world.engine.containers.push_back(a_container("web"));
  world.images.images.push_back(an_image("docker.io/library/busybox:latest"));
  const std::string id = world.engine.containers[0]->id, image = world.images.images[0]->id;
  CHECK(world.get("/containers/json").body ==
        R"([{"Id":")" + id + R"(","Names":["/web"],"Image":"busybox","ImageID":")" + image +
            R"(","Command":"sleep '1 000' x","Created":1699999900,"Ports":[)"
            R"({"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},)"
            R"({"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":443,)"
            R"("Type":"tcp"}],)"
            R"("Labels":{"a":"b"},"State":"running","Status":"Up About a minute",)"
            R"("HostConfig":{"NetworkMode":"bridge"},)"
            R"("NetworkSettings":{"Networks":{"bridge":{"IPAMConfig":null,)"
            R"("Links":null,"Aliases":null,"MacAddress":"02:42:ac:11:00:02","DriverOpts":null,)"
            R"("GwPriority":0,)"
            R"("NetworkID":"bridge-id","EndpointID":"ep","Gateway":"172.17.0.1","IPAddress":"172.17.0.2",)"
            R"("IPPrefixLen":16,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,)"
            R"("DNSNames":null}}},"Mounts":[]}])"
            "\n");
}

TEST_CASE("filters choose containers") {
  World world;
  auto web = a_container("web"), db = a_container("db");
  db->state.status = engine::Status::exited;
  db->state.exit_code = 3;
  db->state.finished_at = {1'699'999'990'000'000'000};
  db->created = {1'699'000'000'000'000'000};
  db->config.labels = {};
  db->endpoints.clear();
  world.engine.containers = {web, db};
  world.images.images = {an_image("docker.io/library/busybox:latest")};
  const auto names = [&](const std::string& query) {
    std::string all;
    const auto answer = world.get("/containers/json?" + query);
    if (answer.status != 200) return answer.message();
    const auto list = answer.json();
    for (const json::Value one : list.root().items()) all += one.find("Names").at(0).string();
    return all;
  };
  CHECK(names("") == "/web");
  CHECK(names("all=1") == "/web/db");
  CHECK(names("limit=1") == "/web");
  CHECK(names("filters={\"status\":[\"exited\"]}") == "/db");
  CHECK(names("all=1&filters={\"exited\":[\"3\"]}") == "/db");
  CHECK(names("all=1&filters={\"name\":{\"^/?w\":true}}") == "/web");
  CHECK(names("all=1&filters={\"label\":[\"a=b\"]}") == "/web");
  CHECK(names("all=1&filters={\"ancestor\":[\"busybox\"]}") == "/web/db");
  CHECK(names("all=1&filters={\"ancestor\":[\"other\"]}").empty());
  CHECK(names("filters={\"publish\":[\"8000-8100\"]}") == "/web");
  CHECK(names("filters={\"expose\":[\"443/tcp\"]}") == "/web");
  CHECK(names("filters={\"publish\":[\"443\"]}").empty());
  CHECK(names("all=1&filters={\"network\":[\"bridge\"]}") == "/web/db");
  CHECK(names("all=1&before=web") == "/db");
  CHECK(names("all=1&filters={\"since\":[\"db\"]}") == "/web");
  CHECK(names("filters={\"status\":[\"gone\"]}") == "invalid filter 'status=gone'");
  CHECK(names("filters={\"publish\":[\"x\"]}") == "invalid filter 'publish=x'");
  CHECK(world.get("/containers/json?all=1&filters={\"status\":[\"exited\"]}")
            .body.find("Exited (3) 10 seconds ago") != std::string::npos);
}

TEST_CASE("inspect shows ports, networks and the layers") {
  World world;
  world.networks.records.push_back(bridge());
  world.engine.containers.push_back(a_container("web"));
  const auto answer = world.get("/containers/web/json?size=1").json();
  const json::Value root = answer.root();
  CHECK(root.find("Name").string() == "/web");
  CHECK(root.find("State").find("FinishedAt").string() == "0001-01-01T00:00:00Z");
  CHECK(!root.find("State").find("Health").present());
  CHECK(root.find("SizeRootFs").as_int64() == 30);
  CHECK(root.find("GraphDriver").find("Data").find("LowerDir").string() == "/l2:/l1");
  CHECK(root.find("GraphDriver").find("Data").find("WorkDir").string() == "/data/snapshots/x/work");
  const json::Value settings = root.find("NetworkSettings");
  CHECK(settings.find("IPAddress").string() == "172.17.0.2");
  CHECK(settings.find("Ports").find("80/tcp").size() == 2);
  CHECK(settings.find("Ports").find("80/tcp").at(1).find("HostIp").string() == "::");
  CHECK(settings.find("Ports").find("443/tcp").kind() == json::Kind::null);
  CHECK(settings.find("Networks").find("bridge").find("IPPrefixLen").as_int64() == 16);
  CHECK(root.find("HostConfig").find("NetworkMode").string() == "default");
}

TEST_CASE("a container that was never started shows the networks it will have") {
  World world;
  network::NetworkRecord record;
  record.id = "n-id";
  record.name = "front";
  world.networks.records.push_back(record);
  auto web = a_container("web");
  web->state = {};
  web->endpoints.clear();
  web->ports.clear();
  web->host_config.network_mode = "front";
  web->wished_networks["front"].aliases = {"w"};
  world.engine.containers.push_back(web);
  const auto answer = world.get("/containers/web/json").json();
  const json::Value networks = answer.root().find("NetworkSettings").find("Networks");
  CHECK(networks.size() == 1);
  CHECK(networks.find("front").find("NetworkID").string() == "n-id");
  CHECK(networks.find("front").find("Aliases").at(0).string() == "w");
  CHECK(answer.root().find("NetworkSettings").find("Ports").size() == 0);
}

TEST_CASE("durations are told as people tell them") {
  CHECK(human_duration(milliseconds(300)) == "Less than a second");
  CHECK(human_duration(seconds(1)) == "1 second");
  CHECK(human_duration(seconds(59)) == "59 seconds");
  CHECK(human_duration(seconds(119)) == "About a minute");
  CHECK(human_duration(seconds(45 * 60)) == "45 minutes");
  CHECK(human_duration(seconds(3600)) == "About an hour");
  CHECK(human_duration(seconds(47 * 3600)) == "47 hours");
  CHECK(human_duration(seconds(3 * 86400)) == "3 days");
  CHECK(human_duration(seconds(20 * 86400)) == "2 weeks");
  CHECK(human_duration(seconds(90 * 86400)) == "3 months");
  CHECK(human_duration(seconds(800 * 86400)) == "2 years");
}

TEST_CASE("a container is made, and its one network gets the address of Config") {
  World world;
  const Answer made = world.post(
      "/containers/create?name=web",
      R"({"Image":"busybox","MacAddress":"02:00:00:00:00:09","HostConfig":{"NetworkMode":"front"}})");
  CHECK(made.status == 201);
  CHECK(made.body == "{\"Id\":\"c1\",\"Warnings\":[]}\n");
  CHECK(world.engine.created.endpoints.at("front").mac_address == "02:00:00:00:00:09");
  CHECK(world.post("/containers/create", R"({"Image":"nope"})").status == 404);
  CHECK(world.post("/containers/create?platform=windows/amd64", R"({"Image":"b"})").status == 400);
}

TEST_CASE("what is already so is not modified") {
  World world;
  world.engine.containers.push_back(a_container("web"));
  CHECK(world.post("/containers/web/start").status == 204);
  CHECK(world.post("/containers/web/start").status == 304);
  CHECK(world.post("/containers/web/stop?t=1").status == 204);
  CHECK(world.post("/containers/web/kill?signal=HUP").status == 204);
  CHECK(world.engine.calls.back() == "kill web HUP");
  CHECK(world.post("/containers/web/rename").message() == "Neither old nor new names may be empty");
}

TEST_CASE("wait gives the exit code behind a head of its own") {
  World world;
  world.engine.containers.push_back(a_container("web"));
  CHECK(world.post("/containers/web/wait?condition=next-exit").body == "{\"StatusCode\":3}\n");
  CHECK(world.post("/containers/web/wait?condition=x").message() == "invalid condition: \"x\"");
  CHECK(world.post("/containers/nope/wait").status == 404);
}

TEST_CASE("prune takes only what does not run") {
  World world;
  auto old = a_container("old");
  old->state.status = engine::Status::exited;
  world.engine.containers = {a_container("web"), old};
  CHECK(world.post("/containers/prune").body ==
        "{\"ContainersDeleted\":[\"" + old->id + "\"],\"SpaceReclaimed\":10}\n");
  CHECK(world.post("/containers/prune?filters={\"label\":[\"none\"]}").body ==
        "{\"ContainersDeleted\":null,\"SpaceReclaimed\":0}\n");
}

TEST_CASE("attach relays both directions and says what kind of stream it is") {
  World world;
  std::string input;
  world.engine.containers.push_back(a_container("web"));
  world.engine.stream = std::make_unique<MemoryStream>("output", input);
  const Answer upgraded = world.ask({.method = "POST",
                                     .target = "/v1.44/containers/web/attach?stream=1&stdin=1",
                                     .headers = {{"Upgrade", "tcp"}, {"Connection", "Upgrade"}},
                                     .input = "typed"});
  CHECK(upgraded.status == 101);
  CHECK(upgraded.headers.get("Upgrade") == "tcp");
  CHECK(upgraded.headers.get("Content-Type") == "application/vnd.docker.multiplexed-stream");
  CHECK(upgraded.body == "output|");
  CHECK(input == "typed|");
  world.engine.stream = std::make_unique<MemoryStream>("", input);
  const Answer plain = world.post("/v1.44/containers/web/attach?stream=1");
  CHECK(plain.status == 200);
  CHECK(plain.headers.get("Content-Type") == "application/vnd.docker.raw-stream");
}

TEST_CASE("logs are sent piece by piece") {
  World world;
  world.engine.containers.push_back(a_container("web"));
  world.engine.log_pieces = {"one", "two"};
  const Answer logs = world.get("/v1.41/containers/web/logs?stdout=1&tail=all");
  CHECK(logs.body == "onetwo");
  CHECK(logs.headers.get("Content-Type") == "application/vnd.docker.raw-stream");
  CHECK(world.get("/containers/web/logs").message() == "Bad parameters: you must choose at least one stream");
}

TEST_CASE("an exec that cannot start says so in its stream") {
  World world;
  auto exec = std::make_shared<engine::Exec>();
  exec->id = "e1";
  exec->container_id = "c";
  exec->config.cmd = {"nope", "x"};
  world.engine.execs.push_back(exec);
  const Answer failed = world.ask({.method = "POST",
                                   .target = "/exec/e1/start",
                                   .body = "{}",
                                   .headers = {{"Upgrade", "tcp"}, {"Content-Type", "application/json"}}});
  CHECK(failed.status == 101);
  const std::string message = "exec: \"nope\": executable file not found in $PATH\r\n";
  CHECK(failed.body == std::string("\1\0\0\0\0\0\0", 7) + static_cast<char>(message.size()) + message);
  const auto shown = world.get("/exec/e1/json").json();
  CHECK(shown.root().find("ExitCode").kind() == json::Kind::null);
  CHECK(shown.root().find("ProcessConfig").find("arguments").at(0).string() == "x");
  CHECK(world.get("/exec/e2/json").message() == "No such exec instance: e2");
  CHECK(world.post("/containers/c/exec", "{\"Cmd\":[]}").message() == "No exec command specified");
}

TEST_CASE("files come with what they are in a header") {
  World world;
  const Answer stat = world.ask({.method = "HEAD", .target = "/containers/c/archive?path=/bin/sh"});
  CHECK(stat.headers.get("X-Docker-Container-Path-Stat") ==
        "eyJuYW1lIjoic2giLCJzaXplIjo3LCJtb2RlIjo0OTMsIm10aW1lIjoiMjAyNC0wMS0wMVQwMDowMDowMFoiLCJsaW5rVGFyZ2V0"
        "Ijoi"
        "In0=");
  CHECK(world.get("/containers/c/archive?path=/bin/sh").body == "tar");
  CHECK(world.get("/containers/c/archive?path=/nope").status == 404);
  CHECK(world.get("/containers/c/archive").message() == "bad parameter: path cannot be empty");
  CHECK(world.get("/containers/c/changes").body ==
        "[{\"Path\":\"/etc\",\"Kind\":0},{\"Path\":\"/x\",\"Kind\":1}]\n");
}

}  // namespace
}  // namespace podo::docker
