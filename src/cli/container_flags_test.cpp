#include "cli/container_flags.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include "cli/console/units.h"
#include "cli/port_list.h"
#include "cli/progress.h"

namespace podo::cli {
namespace {

Result<docker::CreateRequest> request_of(std::vector<const char*> words, bool detaches = false) {
  std::vector<char*> pointers;
  for (const char* word : words) pointers.push_back(const_cast<char*>(word));
  Flags flags = TRY(Flags::parse({container_flags()}, pointers, Flags::Order::before_arguments));
  return create_request_of(flags, detaches);
}

std::string problem(std::vector<const char*> words) {
  Result<docker::CreateRequest> request = request_of(std::move(words));
  REQUIRE(!request);
  return request.error().message();
}

}  // namespace

TEST_CASE("the flags of a container become its request") {
  ::setenv("PODO_TEST_OWN", "mine", 1);
  // clang-format off: a command line
  std::vector<const char*> words = {
      "-i", "-e", "A=1", "-e", "PODO_TEST_OWN", "-e", "PODO_TEST_NONE", "-l", "x=y", "-w", "/w", "-u",
      "1:2", "--entrypoint", "", "-m", "64m", "--cpus", "1.5", "--ulimit", "nofile=10:20", "--device",
      "/dev/null:/dev/n:r", "--health-cmd", "true", "--health-interval", "5s", "--add-host", "a=1.2.3.4",
      "--restart", "on-failure:3", "-v", "/a:/b:ro", "-v", "/anon", "--tmpfs", "/t:size=1m", "--log-opt",
      "max-size=1m", "--stop-timeout", "0", "img", "sh", "-c",
  };
  // clang-format on
  docker::CreateRequest request = request_of(words).value();
  const docker::Config& config = request.config;
  const docker::HostConfig& host = request.host_config;
  CHECK_EQ(join(config.env, " "), "A=1 PODO_TEST_OWN=mine");
  CHECK_EQ(config.image, "img");
  CHECK_EQ(join(*config.cmd, " "), "sh -c");
  CHECK_EQ(config.entrypoint->at(0), "");
  CHECK_EQ(config.labels.at("x"), "y");
  CHECK(config.attach_stdin);
  CHECK(config.stdin_once);
  CHECK(config.attach_stdout);
  CHECK_EQ(config.stop_timeout_s, 0);
  CHECK_EQ(join(config.healthcheck->test, " "), "CMD-SHELL true");
  CHECK_EQ(config.healthcheck->interval_ns, 5'000'000'000);
  CHECK_EQ(host.resources.memory, 64 << 20);
  CHECK_EQ(host.resources.nano_cpus, 1'500'000'000);
  CHECK_EQ(host.resources.ulimits[0].hard, 20);
  CHECK_EQ(host.resources.devices[0].cgroup_permissions, "r");
  CHECK_EQ(host.extra_hosts[0], "a:1.2.3.4");
  CHECK_EQ(host.restart_policy.maximum_retry_count, 3);
  CHECK_EQ(host.binds[0], "/a:/b:ro");
  CHECK(config.volumes.contains("/anon"));
  CHECK_EQ(host.tmpfs.at("/t"), "size=1m");
  CHECK_EQ(host.network_mode, "default");
  CHECK_FALSE(request_of({"-i", "img"}, true)->config.attach_stdin);
}

TEST_CASE("the request is what the daemon reads") {
  docker::CreateRequest request =
      request_of({"--network", "name=net,alias=a,ip=10.0.0.9", "--network", "other", "-p", "80:81", "img"})
          .value();
  json::Document body = json::parse(encode(request)).value();
  Result<docker::CreateRequest> read = docker::decode_create_request(body);
  REQUIRE(read.has_value());
  CHECK_EQ(read->host_config.network_mode, "net");
  CHECK_EQ(read->endpoints.at("net").aliases[0], "a");
  CHECK_EQ(read->endpoints.at("net").ipam_config->ipv4_address, "10.0.0.9");
  CHECK(read->endpoints.contains("other"));
  CHECK_EQ(read->host_config.port_bindings.at("81/tcp")[0].host_port, "80");
}

TEST_CASE("ports in all their spellings") {
  struct {
    const char* spec;
    std::string port, ip, published;
  } cases[] = {
      {"80", "80/tcp", "", ""},
      {"8080:80/udp", "80/udp", "", "8080"},
      {"127.0.0.1:8080:80", "80/tcp", "127.0.0.1", "8080"},
      {"127.0.0.1::80", "80/tcp", "127.0.0.1", ""},
      {"[::1]:8080:80", "80/tcp", "::1", "8080"},
      {"8000-8010:80", "80/tcp", "", "8000-8010"},
      {"8000-8001:80-81", "81/tcp", "", "8001"},
  };
  for (const auto& [spec, port, ip, published] : cases) {
    docker::HostConfig host;
    docker::Config config;
    REQUIRE_MESSAGE(add_port(host, config, spec).has_value(), spec);
    REQUIRE_MESSAGE(host.port_bindings.contains(port), spec);
    CHECK_EQ(host.port_bindings[port][0].host_ip, ip);
    CHECK_EQ(host.port_bindings[port][0].host_port, published);
    CHECK(config.exposed_ports.contains(port));
  }
  CHECK_EQ(problem({"-p", "99999:1", "img"}), "invalid hostPort: 99999");
  CHECK_EQ(problem({"-p", "1:x", "img"}), "invalid containerPort: x");
  CHECK_EQ(problem({"-p", "1-3:1-2", "img"}),
           "invalid ranges specified for container and host Ports: 1-2 and 1-3");
  CHECK_EQ(problem({"-p", "1/quic", "img"}), "invalid proto: quic");
}

TEST_CASE("mounts") {
  docker::Mount bind =
      parse_mount("type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave,\"bind-recursive=disabled\"")
          .value();
  CHECK_EQ(bind.source, "/a");
  CHECK(bind.read_only);
  CHECK_EQ(bind.bind->propagation, "rslave");
  CHECK(bind.bind->non_recursive);
  docker::Mount volume = parse_mount("source=v,target=/b,volume-opt=o=a,volume-nocopy").value();
  CHECK_EQ(volume.type, "volume");
  CHECK_EQ(volume.volume->driver_options.at("o"), "a");
  docker::Mount tmpfs = parse_mount("type=tmpfs,target=/t,tmpfs-size=1k,tmpfs-mode=1770").value();
  CHECK_EQ(tmpfs.tmpfs->size_bytes, 1024);
  CHECK_EQ(tmpfs.tmpfs->mode, 01770);
  CHECK_FALSE(parse_mount("type=bind,source=/a"));
  CHECK_FALSE(parse_mount("type=bind,source=/a,target=/b,volume-nocopy"));
  CHECK_FALSE(parse_mount("type=bind,sauce=/a,target=/b"));
}

TEST_CASE("contradictions are refused before anything is asked") {
  CHECK_EQ(problem({"--rm", "--restart", "always", "img"}),
           "conflicting options: cannot specify both --restart and --rm");
  CHECK_EQ(problem({"--no-healthcheck", "--health-cmd", "x", "img"}),
           "--no-healthcheck conflicts with --health-* options");
  CHECK_EQ(problem({"--ulimit", "nofile=20:10", "img"}),
           "ulimit soft limit must be less than or equal to hard limit: 20 > 10");
  CHECK(problem({"--security-opt", "seccomp=/nowhere", "img"}).starts_with("opening seccomp profile: "));
}

TEST_CASE("ports of a list are put together to ranges") {
  json::Document ports = json::parse(R"([
    {"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
    {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
    {"PrivatePort":9001,"Type":"udp"}, {"PrivatePort":9000,"Type":"udp"}, {"PrivatePort":9005,"Type":"udp"},
    {"IP":"0.0.0.0","PrivatePort":53,"PublicPort":53,"Type":"udp"}])")
                             .value();
  CHECK_EQ(port_list(ports.root()),
           "9000-9001/udp, 0.0.0.0:53->53/udp, 9005/udp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
}

TEST_CASE("bars") {
  CHECK_EQ(progress_bar(0, 0, 200), "");
  CHECK_EQ(progress_bar(500, 1000, 80), "500B/1kB");
  CHECK_EQ(progress_bar(500, 1000, 200),
           "[" + std::string(25, '=') + ">" + std::string(24, ' ') + "] 500B/1kB");
  CHECK_EQ(progress_bar(1000, 1000, 200), "[" + std::string(50, '=') + "] 1kB/1kB");
}

}  // namespace podo::cli
