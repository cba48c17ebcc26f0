#include "container/config/create_config.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

oci::ImageConfig web_image() {
  oci::ImageConfig image;
  image.env = {"PATH=/bin", "LANG=C"};
  image.entrypoint = {"/entry"};
  image.cmd = {"serve"};
  image.labels = {{"from", "image"}, {"both", "image"}};
  image.exposed_ports = {{"80/tcp", true}};
  image.user = "www";
  return image;
}

std::string words(const docker::Config& config) {
  const CommandLine line = command_line(config);
  std::string all = line.path;
  for (const std::string& argument : line.args) all += " " + argument;
  return all;
}

std::string merged_words(std::optional<docker::Strings> entrypoint, std::optional<docker::Strings> cmd) {
  docker::Config config;
  config.entrypoint = std::move(entrypoint);
  config.cmd = std::move(cmd);
  const auto merged = merge_image(config, web_image());
  return merged ? words(config) : merged.error().message();
}

TEST_CASE("an entrypoint that is asked for takes the image's command away, a command does not") {
  CHECK(merged_words({}, {}) == "/entry serve");
  CHECK(merged_words({}, docker::Strings{"x"}) == "/entry x");
  CHECK(merged_words(docker::Strings{"/other"}, {}) == "/other");
  CHECK(merged_words(docker::Strings{"/other"}, docker::Strings{"x"}) == "/other x");
  CHECK(merged_words(docker::Strings{""}, docker::Strings{"x"}) == "x");
  CHECK(merged_words(docker::Strings{""}, {}) == "no command specified");
}

TEST_CASE("the image fills in what was not said, and adds to what unites") {
  docker::Config config;
  config.env = {"LANG=de", "A=1"};
  config.labels = {{"both", "own"}};
  REQUIRE(merge_image(config, web_image()));
  CHECK(config.env == docker::Strings{"LANG=de", "A=1", "PATH=/bin"});
  CHECK(config.labels == docker::StringMap{{"both", "own"}, {"from", "image"}});
  CHECK(config.user == "www");
  CHECK(config.exposed_ports.contains("80/tcp"));
}

docker::CreateRequest with_ports(docker::PortMap bindings) {
  docker::CreateRequest request;
  request.config.cmd = {"x"};
  request.host_config.port_bindings = std::move(bindings);
  settle(request, {});
  return request;
}

TEST_CASE("ports are wanted as they were bound; publish-all adds what is only exposed") {
  docker::CreateRequest request = with_ports({{"80/tcp", {{"127.0.0.1", "8000-8010"}}}, {"53/udp", {{}}}});
  request.config.exposed_ports["90/tcp"] = true;
  auto ports = plan_ports(request.config, request.host_config).value();
  REQUIRE(ports.size() == 2);
  CHECK(ports[0].protocol == "udp");
  CHECK(ports[0].host_port_first == 0);
  CHECK(ports[1].host_ip == "127.0.0.1");
  CHECK(ports[1].host_port_first == 8000);
  CHECK(ports[1].host_port_last == 8010);
  request.host_config.publish_all_ports = true;
  ports = plan_ports(request.config, request.host_config).value();
  REQUIRE(ports.size() == 3);
  CHECK(ports[2].container_port == 90);
}

TEST_CASE("settings that contradict each other are refused") {
  const auto refusal = [](auto change) {
    docker::CreateRequest request = with_ports({});
    change(request);
    auto checked = check_network_mode(request);
    if (checked) checked = check_request(request);
    return checked ? std::string() : checked.error().message();
  };
  using Request = docker::CreateRequest;
  CHECK(refusal([](Request&) {}).empty());
  CHECK(refusal([](Request& r) { r.config.working_dir = "x"; }) ==
        "the working directory 'x' is invalid, it needs to be an absolute path");
  CHECK(refusal([](Request& r) { r.config.stop_signal = "NOPE"; }) == "invalid signal: NOPE");
  CHECK(refusal([](Request& r) { r.config.env = {"=x"}; }) == "invalid environment variable: =x");
  CHECK(refusal([](Request& r) { r.host_config.extra_hosts = {"x"}; }) == "bad format for add-host: \"x\"");
  CHECK(refusal([](Request& r) { r.host_config.port_bindings["80/tcp"] = {{"", "x"}}; }) ==
        "invalid port specification: \"x\"");
  CHECK(refusal([](Request& r) { r.host_config.port_bindings["0/tcp"] = {}; }) ==
        "invalid port specification: \"0/tcp\"");
  CHECK(refusal([](Request& r) {
          r.host_config.network_mode = "container:x";
          r.config.hostname = "h";
        }) == "conflicting options: hostname and the network mode");
  CHECK(refusal([](Request& r) {
          r.host_config.network_mode = "sandbox:x";
          r.config.hostname = "h";
          r.config.exposed_ports["80/tcp"] = true;
        }).empty());
  CHECK(refusal([](Request& r) {
          r.host_config.network_mode = "sandbox:x";
          r.host_config.port_bindings["80/tcp"] = {{"", "80"}};
        }) == "conflicting options: port publishing and the network mode");
  CHECK(refusal([](Request& r) {
          r.host_config.network_mode = "sandbox:x";
          r.host_config.ipc_mode = "sandbox:y";
        }) == "conflicting options: a container joins one sandbox, not x and y");
  CHECK(refusal([](Request& r) { r.host_config.pid_mode = "sandbox:"; }) ==
        "invalid sandbox format sandbox:<id>");
  CHECK(refusal([](Request& r) { r.config.healthcheck = docker::HealthConfig{.test = {}, .retries = -1}; }) ==
        "Retries in Healthcheck cannot be negative");
}

TEST_CASE("network modes") {
  const auto kind = [](std::string mode) {
    docker::HostConfig host;
    host.network_mode = std::move(mode);
    return network_mode(host);
  };
  CHECK(kind("").kind == NetworkMode::Kind::bridge);
  CHECK(kind("default").name == "bridge");
  CHECK(kind("host").kind == NetworkMode::Kind::host);
  CHECK(kind("none").kind == NetworkMode::Kind::none);
  CHECK(kind("container:web").kind == NetworkMode::Kind::container);
  CHECK(kind("container:web").name == "web");
  CHECK(kind("sandbox:pod-1").kind == NetworkMode::Kind::sandbox);
  CHECK(kind("sandbox:pod-1").name == "pod-1");
  CHECK(kind("app").kind == NetworkMode::Kind::user);
}

}  // namespace
}  // namespace podo::engine
