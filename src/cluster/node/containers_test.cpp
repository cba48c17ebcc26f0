// On a real engine with real sandboxes, whose OCI runtime is a script.
#include "cluster/node/containers_testing.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

using World = ContainersWorld;

TEST_CASE("a container of a pod runs in the pod's sandbox, with its name, labels and environment") {
  if (!engine::can_run()) return;
  World world(true);
  CHECK(world.engine.machine.loop.run(world.containers->make_control_groups()));
  const std::string id = world.start(
      R"(,"envFrom":[{"configMapRef":{"name":"cm"}}],"command":["sleep"],
          "resources":{"requests":{"cpu":"100m"}})",
      R"(,"hostAliases":[{"ip":"1.2.3.4","hostnames":["x"]}])");
  const auto made = world.engine.engine->get(id);
  REQUIRE_MESSAGE(made.has_value(), id);
  const engine::Container& container = **made;
  CHECK(container.state.status == engine::Status::running);
  CHECK_EQ(container.name, "k8s_c_web_ns_u1_0");
  CHECK_EQ(container.config.labels.at("io.kubernetes.pod.uid"), "u1");
  CHECK_EQ(container.path, "sleep");
  CHECK(std::ranges::find(container.config.env, "KEY=value") != container.config.env.end());
  CHECK(std::ranges::find(container.config.env, "KUBERNETES_SERVICE_HOST=10.96.0.1") !=
        container.config.env.end());
  CHECK_EQ(world.events,
           text("Pulled: Container image \"{}\" already present on machine and can be accessed by the pod\n"
                "Created: Container created\nStarted: Container started\n",
                box));
  CHECK(
      engine::read(world.engine.paths("u1").hosts).ends_with("# Entries added by HostAliases.\n1.2.3.4\tx"));
  const auto layout = linux::read_cgroup_layout().value();
  if (const auto* cpu = layout.find("cpu"); cpu != nullptr && !cpu->unified) {
    const std::string classes = cpu->mount_point + world.engine.group + "/kubepods";
    CHECK_EQ(engine::read(classes + "/burstable/cpu.shares"), "102");
    CHECK_EQ(engine::read(classes + "/besteffort/cpu.shares"), "2");
    CHECK_EQ(engine::read(classes + "/burstable/podu1/cpu.shares"), "102");
  }
  // The script cannot send signals.
  REQUIRE(::kill(container.state.pid, SIGKILL) == 0);
  CHECK(world.engine.machine.loop.run(
      world.engine.engine->wait(id, engine::WaitFor::not_running).value()->done()));
  CHECK(world.engine.machine.loop.run(world.containers->stop(id, {})));  // nothing to do
  CHECK(world.engine.machine.loop.run(world.containers->remove(id)));
  CHECK_FALSE(world.engine.engine->get(id).has_value());
}

TEST_CASE("a container that cannot be configured, created or started says why it waits") {
  if (!engine::can_run()) return;
  World world(false);
  CHECK_EQ(world.start(R"(,"envFrom":[{"configMapRef":{"name":"no"}}])"),
           "CreateContainerConfigError: configmap \"no\" not found");
  CHECK(world.events.ends_with("!Failed: Error: configmap \"no\" not found\n"));
  CHECK_EQ(world.start(R"(,"securityContext":{"runAsNonRoot":true})"),
           "CreateContainerConfigError: container has runAsNonRoot and image will run as root (pod: "
           "\"web_ns(u1)\", container: c)");
  CHECK_EQ(world.start(R"(,"env":[{"name":"NO_MOUNTS","value":"x"}])"),
           "CreateContainerConfigError: failed to prepare subPath for volumeMount \"v\" of container \"c\"");
  CHECK(world.start(R"(,"securityContext":{"capabilities":{"add":["NO_SUCH"]}})")
            .starts_with("CreateContainerError: "));
  CHECK_EQ(world.start(R"(,"imagePullPolicy":"Never")", "", "nowhere"),
           "ErrImageNeverPull: Container image \"nowhere\" is not present with pull policy of Never");
  CHECK(world.start("").starts_with("RunContainerError: "));
  CHECK(world.events.contains("Created: Container created\n!Failed: Error: "));
  REQUIRE(world.engine.engine->list().size() == 1);
  CHECK_NE(world.engine.engine->list()[0]->state.exit_code, 0);
}

}  // namespace
}  // namespace podo::node
