#include "container/engine/engine.h"

#include "container/engine/container_record.h"
#include "container/engine/engine_testing.h"

namespace podo::engine {
namespace {

TEST_CASE("a container is found by id, by a unique prefix of it, and by name") {
  TestEngine test;
  const std::string id = test.create("web").value();
  CHECK(test.engine->get(id).value()->name == "web");
  CHECK(test.engine->get(id.substr(0, 12)).value()->id == id);
  CHECK(test.engine->get("/web").value()->id == id);
  CHECK(test.engine->get("nobody").error().message() == "No such container: nobody");
  CHECK(test.engine->get("").error().kind() == ErrorKind::not_found);
  CHECK(test.told() == "create ");
}

TEST_CASE("what create fills in") {
  TestEngine test;
  const std::string id = test.create("").value();
  const ContainerPtr made = test.engine->get(id).value();
  CHECK(made->name.contains('_'));
  CHECK(made->config.hostname == id.substr(0, 12));
  CHECK(made->path == "sh");
  CHECK(made->host_config.network_mode == "bridge");
  CHECK(made->wished_networks.contains("bridge"));
  CHECK(made->state.status == Status::created);
  CHECK(made->log_path == text("{}/data/containers/{}/{}-json.log", test.folder, id, id));
  CHECK(test.images.snapshots.contains(id));
}

TEST_CASE("a name is had by one container") {
  TestEngine test;
  const std::string id = test.create("web").value();
  const auto second = test.create("web");
  REQUIRE_FALSE(second);
  CHECK(second.error().kind() == ErrorKind::conflict);
  CHECK(second.error().message() == text("Conflict. The container name \"/web\" is already in use by "
                                         "container \"{}\". You have to remove (or "
                                         "rename) that container to be able to reuse that name.",
                                         id));
  CHECK(test.refusal(test.engine->rename(id, "web")) ==
        "Renaming a container with the same name as its current name");
  CHECK(test.refusal(test.engine->rename(id, "site")).empty());
  CHECK(test.create("web"));
  CHECK(
      test.refusal(test.engine->rename(id, "web")).starts_with("Error when allocating new name: Conflict."));
  CHECK(test.told() == "create rename create ");
}

TEST_CASE("what cannot be created leaves nothing") {
  TestEngine test;
  docker::CreateRequest request;
  request.config.image = "nothing";
  CHECK(test.create("web", request).error().message() == "No such image: nothing");
  test.images.snapshots_fail = true;
  CHECK(test.create("web").error().message() == "the disk is full");
  CHECK(test.engine->list().empty());
  test.images.snapshots_fail = false;
  CHECK(test.create("web"));  // the name is free
}

TEST_CASE("a wait for the removal ends with it") {
  TestEngine test;
  const std::string id = test.create("web").value();
  auto waiter = test.engine->wait("web", WaitFor::removed).value();
  CHECK(test.refusal(test.engine->remove("web", {})).empty());
  CHECK(test.loop.run(waiter->done()));
  CHECK_FALSE(test.engine->get(id));
  CHECK(test.images.snapshots.empty());
  CHECK_FALSE(std::filesystem::exists(test.folder + "/data/containers/" + id));
  CHECK(test.loop.run(test.store->count(store::Range::prefix("container/"))).value() == 0);
  CHECK(test.told() == "create destroy ");
}

TEST_CASE("a start that fails cleans up, and is told to whoever waits") {
  if (::geteuid() != 0) return;
  TestEngine test;
  const std::string id = test.create("web").value();
  auto waiter = test.engine->wait("web", WaitFor::next_exit).value();
  CHECK_FALSE(test.loop.run(test.engine->start("web")));
  const Waited waited = test.loop.run(waiter->done()).value();
  CHECK(waited.exit_code == 128);
  CHECK(waited.error.empty());  // who started it is told
  const ContainerPtr failed = test.engine->get("web").value();
  CHECK(failed->state.status == Status::created);
  CHECK(failed->state.error.starts_with("failed to create task for container: "));
  CHECK(failed->endpoints.empty());
  CHECK(test.networks.sandboxes.empty());
  CHECK(test.networks.attached.size() == 1);
  CHECK_FALSE(std::filesystem::exists(test.folder + "/run/containers/" + id));
  CHECK(test.told() == "create connect disconnect ");
}

TEST_CASE("the next daemon knows what the last one knew") {
  TestEngine test;
  docker::CreateRequest request;
  request.config.labels["team"] = "a";
  request.config.env = {"A=1"};
  request.endpoints["app"].aliases = {"db"};
  request.host_config.network_mode = "app";
  const std::string id = test.create("web", request).value();
  const ContainerPtr before = test.engine->get("web").value();
  test.open();
  const ContainerPtr after = test.engine->get("web").value();
  CHECK(after->id == id);
  CHECK(after->created == before->created);
  CHECK(after->config.labels == before->config.labels);
  CHECK(after->config.env == before->config.env);
  CHECK(after->wished_networks.at("app").aliases == docker::Strings{"db"});
  CHECK(after->image->id == before->image->id);
  CHECK(after->log_path == before->log_path);
  CHECK_FALSE(test.create("web"));
}

// Changes what the store says of a container, as if the daemon had been killed at another point.
void change_record(TestEngine& test, const std::string& id, auto change) {
  const std::string key = "container/" + id;
  const auto entry = test.loop.run(test.store->find(key)).value();
  Record record = decode_record(json::parse(std::string(entry->value())).value()).value();
  change(record);
  REQUIRE(test.loop.run(store::write(*test.store, key, encode_record(record))));
}

TEST_CASE("what was interrupted is undone or finished by the next daemon") {
  TestEngine test;
  const std::string half = test.create("half").value(), going = test.create("going").value(),
                    ran = test.create("ran").value(), started = test.create("started").value();
  change_record(test, half, [](Record& record) { record.complete = false; });
  change_record(test, going, [](Record& record) { record.container.state.status = Status::removing; });
  change_record(test, ran, [](Record& record) { record.container.state.status = Status::running; });
  change_record(test, started, [](Record& record) { record.starting = true; });
  std::filesystem::create_directories(test.folder + "/run/containers/leftover/rootfs");
  std::filesystem::create_directories(test.folder + "/data/containers/leftover");
  test.open();
  CHECK_FALSE(test.engine->get(half));
  CHECK_FALSE(test.engine->get(going));
  CHECK(test.images.snapshots == std::set{ran, started});
  const State lost = test.engine->get(ran).value()->state;  // the machine was started anew
  CHECK(lost.status == Status::exited);
  CHECK(lost.exit_code == 255);
  CHECK(test.engine->get(started).value()->state.status == Status::created);
  CHECK_FALSE(std::filesystem::exists(test.folder + "/run/containers/leftover"));
  CHECK_FALSE(std::filesystem::exists(test.folder + "/data/containers/leftover"));
  CHECK(test.create("half"));
}

TEST_CASE("a container that goes when it ends is gone when the next daemon finds it ended") {
  TestEngine test;
  docker::CreateRequest request;
  request.host_config.auto_remove = true;
  const std::string id = test.create("web", request).value();
  change_record(test, id, [](Record& record) { record.container.state.status = Status::running; });
  test.open();
  CHECK_FALSE(test.engine->get(id));
  CHECK(test.images.snapshots.empty());
}

TEST_CASE("what a container that does not run refuses") {
  TestEngine test;
  const std::string id = test.create("web").value();
  CHECK(test.loop.run(test.engine->stop("web", {})).value() == false);
  CHECK(test.refusal(test.engine->kill("web", "TERM")) ==
        text("cannot kill container: web: container {} is not running", id));
  CHECK(test.refusal(test.engine->kill("web", "NOPE")) == "invalid signal: NOPE");
  CHECK(test.refusal(test.engine->pause("web")) == text("container {} is not running", id));
  docker::ExecConfig exec;
  exec.cmd = {"true"};
  CHECK(test.loop.run(test.engine->create_exec("web", exec)).error().kind() == ErrorKind::conflict);
  CHECK(test.loop.run(test.engine->wait("web", WaitFor::not_running).value()->done()));
}

TEST_CASE("networks of a container that does not run are wishes") {
  TestEngine test;
  test.create("web").value();
  CHECK(test.refusal(test.engine->connect("app", "web", {})).empty());
  CHECK(test.engine->get("web").value()->wished_networks.contains("app"));
  CHECK(test.refusal(test.engine->connect("nope", "web", {})) == "network nope not found");
  CHECK(test.refusal(test.engine->disconnect("app", "web", false)).empty());
  CHECK_FALSE(test.engine->get("web").value()->wished_networks.contains("app"));
  CHECK(test.refusal(test.engine->disconnect("app", "web", false)).contains("is not connected to"));
}

}  // namespace
}  // namespace podo::engine
