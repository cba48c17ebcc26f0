#include "cluster/pod/container_request.h"

#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

const char* const pod_text = R"({
  "metadata": {"name": "web", "namespace": "ns", "uid": "u-1"},
  "spec": {"containers": [{"name": "c", "image": "busybox"}]}})";

docker::CreateRequest request_of(std::string_view container_text, std::string_view pod = pod_text,
                                 Surroundings around = {}) {
  around.sandbox_id = "u-1";
  around.environment.set("A", "1");
  const json::Tree tree = parsed(pod), container = parsed(container_text);
  auto request = container_request(tree.root(), container.root(), image::Image{}, around);
  REQUIRE_MESSAGE(request.has_value(), (request ? "" : request.error().message()));
  return *std::move(request);
}

TEST_CASE("a command takes the place of the image's, with variables put in") {
  using Words = std::optional<docker::Strings>;
  const auto plain = request_of(R"({"name":"c"})").config;
  CHECK(plain.entrypoint == Words());
  CHECK(plain.cmd == Words());
  const auto both =
      request_of(R"j({"name":"c","command":["/bin/$(A)","$$(A)"],"args":["$(B)"],"workingDir":"/w"})j")
          .config;
  CHECK(both.entrypoint == Words({"/bin/1", "$(A)"}));
  CHECK(both.cmd == Words({"$(B)"}));
  CHECK_EQ(both.working_dir, "/w");
  const auto empty = request_of(R"({"name":"c","command":[],"args":["x"]})").config;
  CHECK(empty.entrypoint == Words());
  CHECK(empty.cmd == Words({"x"}));
}

TEST_CASE("a container is found by its labels and its name") {
  const json::Tree pod = parsed(pod_text);
  CHECK_EQ(container_name(pod.root(), "c", 2), "k8s_c_web_ns_u-1_2");
  const auto labels =
      request_of(
          R"({"name":"c","image":"i","terminationMessagePath":"/t","terminationMessagePolicy":"File"})",
          pod_text, {.attempt = 3})
          .config.labels;
  const auto of = [&](std::string_view name) { return labels.at(std::string(name)); };
  CHECK_EQ(of(label::pod_name), "web");
  CHECK_EQ(of(label::pod_namespace), "ns");
  CHECK_EQ(of(label::pod_uid), "u-1");
  CHECK_EQ(of(label::container_name), "c");
  CHECK_EQ(of(label::attempt), "3");
  CHECK_EQ(of(label::termination_path), "/t");
  CHECK_EQ(of(label::termination_policy), "File");
  CHECK_EQ(of(label::hash), text("{}", spec_hash(parsed(R"({"image":"i","name":"c","tty":true})").root())));
  CHECK_NE(of(label::hash), text("{}", spec_hash(parsed(R"({"image":"j","name":"c"})").root())));
}

TEST_CASE("a container joins its pod's sandbox, and processes as the pod says") {
  const auto modes = [](std::string_view spec, std::string target = {}) {
    const auto host =
        request_of(R"({"name":"c"})", text(R"({{"spec":{}}})", spec), {.target_id = std::move(target)})
            .host_config;
    CHECK_EQ(host.network_mode, "sandbox:u-1");
    CHECK_EQ(host.ipc_mode, "sandbox:u-1");
    CHECK_EQ(host.uts_mode, "sandbox:u-1");
    return host.pid_mode;
  };
  CHECK_EQ(modes("{}"), "");
  CHECK_EQ(modes(R"({"shareProcessNamespace":true})"), "sandbox:u-1");
  CHECK_EQ(modes(R"({"hostPID":true})"), "host");
  CHECK_EQ(modes("{}", "abc"), "container:abc");
}

TEST_CASE("limits, terminal, signal, log and mounts are passed on") {
  Surroundings around{.cgroup_parent = "/podo/kubepods/podu-1", .machine_memory_bytes = 1 << 30};
  around.mounts.emplace_back().target = "/t";
  const auto request = request_of(R"({"name":"c","tty":true,"stdin":true,"stdinOnce":true,
    "lifecycle":{"stopSignal":"SIGUSR1"},
    "resources":{"limits":{"memory":"64Mi"},"requests":{"cpu":"250m"}},
    "securityContext":{"runAsUser":5}})",
                                  pod_text, around);
  const docker::HostConfig& host = request.host_config;
  CHECK(request.config.tty);
  CHECK(request.config.open_stdin);
  CHECK(request.config.stdin_once);
  CHECK_EQ(request.config.stop_signal, "SIGUSR1");
  CHECK_EQ(request.config.user, "5");
  CHECK(request.config.env == docker::Strings{"A=1"});
  CHECK(request.config.healthcheck->test == docker::Strings{"NONE"});
  CHECK_EQ(host.resources.cgroup_parent, "/podo/kubepods/podu-1");
  CHECK_EQ(host.resources.memory, 64 << 20);
  CHECK_EQ(host.resources.cpu_shares, 256);
  CHECK_EQ(host.oom_score_adj, 1000);  // the pod of this test requests nothing
  CHECK_EQ(host.log_config.config.at("max-size"), "10m");
  REQUIRE(host.mounts.size() == 1);
  CHECK_EQ(host.mounts[0].target, "/t");
}

TEST_CASE("block volumes are refused") {
  const json::Tree pod = parsed(pod_text);
  const json::Tree container = parsed(R"({"name":"c","volumeDevices":[{"name":"v","devicePath":"/dev/x"}]})");
  const auto request = container_request(pod.root(), container.root(), image::Image{}, {});
  REQUIRE_FALSE(request.has_value());
  CHECK_EQ(request.error().kind(), ErrorKind::unsupported);
}

}  // namespace
}  // namespace podo::pod
