#include "container/engine/engine_testing.h"

namespace podo::engine {
namespace {

class StepTest : public TestEngine {
 public:
  const std::string id = std::string(64, 'd');
  docker::CreateRequest request;
  StepTest() {
    request.config.cmd = {"/bin/sh", "-c", "make"};
    request.config.env = {"A=1"};
    request.config.volumes["/data"];
    request.host_config.restart_policy.name = "always";
  }
  Result<std::string> create_step() {
    auto created = loop.run(engine->create_step(request, id));
    if (!created) return Failure(created.error());
    return created->id;
  }
  void make_tree() { REQUIRE(loop.run(images.make_build_snapshot(id, {}, {}))); }
};

TEST_CASE("a step is seen only by who knows its id, and is not written down") {
  StepTest test;
  CHECK(test.create_step().error().kind() == ErrorKind::not_found);  // no tree
  test.make_tree();
  CHECK(test.create_step().value() == test.id);
  CHECK(test.create_step().error().kind() == ErrorKind::already_exists);
  const ContainerPtr step = test.engine->get(test.id).value();
  CHECK(step->config.env == docker::Strings{"A=1"});
  CHECK(step->config.volumes.empty());
  CHECK(step->host_config.restart_policy.name != "always");
  CHECK(step->log_path.empty());
  CHECK(step->wished_networks.contains("bridge"));
  CHECK_FALSE(test.engine->get(test.id.substr(0, 12)));
  CHECK_FALSE(test.engine->get(step->name));
  CHECK(test.engine->list().empty());
  CHECK(test.loop.run(test.store->count(store::Range::prefix("container/"))).value() == 0);

  test.open();  // another daemon
  CHECK_FALSE(test.engine->get(test.id));
  CHECK(test.told().empty());
}

TEST_CASE("steps are in nobody's way when a container is named by the beginning of its id") {
  StepTest test;
  const std::string id = test.create("web").value();
  std::string like = id.substr(0, 12) + std::string(52, '0');
  REQUIRE(test.loop.run(test.images.make_build_snapshot(like, {}, {})));
  REQUIRE(test.loop.run(test.engine->create_step(test.request, like)));
  CHECK(test.engine->get(id.substr(0, 12)).value()->id == id);
}

TEST_CASE("a step goes by itself when it cannot be started; its tree stays its maker's") {
  if (::geteuid() != 0) return;
  StepTest test;
  test.make_tree();
  test.create_step().value();
  auto waiter = test.engine->wait(test.id, WaitFor::next_exit).value();
  const auto started = test.loop.run(test.engine->start(test.id));
  REQUIRE_FALSE(started);
  CHECK(started.error().message().starts_with("failed to create task for container: "));
  CHECK(test.loop.run(waiter->done()).value().exit_code == 128);
  CHECK_FALSE(test.engine->get(test.id));
  CHECK(test.images.snapshots.contains(test.id));
  CHECK(test.networks.sandboxes.empty());
  CHECK_FALSE(std::filesystem::exists(test.folder + "/run/containers/" + test.id));
  CHECK_FALSE(std::filesystem::exists(test.folder + "/data/containers/" + test.id));
  CHECK(test.told().empty());
}

TEST_CASE("a step that was never started is removed") {
  StepTest test;
  test.make_tree();
  test.create_step().value();
  CHECK(test.refusal(test.engine->remove(test.id, {.force = true, .volumes = true})).empty());
  CHECK_FALSE(test.engine->get(test.id));
  CHECK(test.images.snapshots.contains(test.id));
  CHECK(test.create_step().value() == test.id);  // and may come again
}

TEST_CASE("a step needs a command") {
  StepTest test;
  test.make_tree();
  test.request.config.cmd.reset();
  CHECK(test.create_step().error().message() == "no command specified");
}

}  // namespace
}  // namespace podo::engine
