#include "container/builder/solve_world_testing.h"
#include "container/builder/step_failed.h"

namespace podo::builder {
namespace {

using Kind = BuildEvent::Kind;
using Strings = std::vector<std::string>;

Strings texts(const std::vector<BuildEvent>& events, Kind kind) {
  Strings out;
  for (const BuildEvent& event : events)
    if (event.kind == kind) out.push_back(kind == Kind::started ? event.name : event.text);
  return out;
}

std::size_t cached(const std::vector<BuildEvent>& events) {
  std::size_t count = 0;
  for (const BuildEvent& event : events) count += event.kind == Kind::done && event.cached ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("steps run in order, each over the layers of those before it") {
  SolveWorld world;
  const auto state = world.run("FROM box AS one\nRUN out a\nENV A=1\nRUN out b\n");
  REQUIRE(state);
  CHECK(world.engine.started == Strings{"out a", "out b"});
  CHECK(state->chain_ids.size() == 2);
  CHECK(state->config.diff_ids.size() == 2);
  CHECK(texts(world.events, Kind::output) == Strings{"a", "b"});
  CHECK(texts(world.events, Kind::started) ==
        Strings{"[one 1/3] FROM box AS one", "[one 2/3] RUN out a", "[one] ENV A=1", "[one 3/3] RUN out b"});
  const auto& history = state->config.history;
  REQUIRE(history.size() == 3);
  CHECK(history[0].created_by == "RUN /bin/sh -c out a");
  CHECK(!history[0].empty_layer);
  CHECK(history[1].created_by == "ENV A=1");
  CHECK(history[1].empty_layer);
  CHECK(world.images.snapshots.empty());
  CHECK(world.engine.containers() == 0);
  CHECK(world.images.packed == state->chain_ids);
}

TEST_CASE("stages that do not wait for another run side by side") {
  SolveWorld world;
  const auto state = world.run(
      "FROM box AS a\nRUN meet 2\nFROM box AS b\nRUN meet 2\nFROM box\n"
      "RUN --mount=type=bind,from=a,target=/a --mount=type=bind,from=b,target=/b out c\n");
  REQUIRE(state);
  CHECK(world.engine.most_at_once == 2);
  CHECK(world.engine.started == Strings{"meet 2", "meet 2", "out c"});
  REQUIRE(world.engine.requests[2].host_config.mounts.size() == 2);
  CHECK(world.engine.requests[2].host_config.mounts[0].target == "/a");
  CHECK(world.engine.requests[2].host_config.mounts[0].read_only);
  CHECK(state->chain_ids.size() == 1);
}

TEST_CASE("at most so many steps run at once") {
  SolveWorld world(1);
  REQUIRE(world.run("FROM box AS a\nRUN out 1\nFROM a AS b\nRUN out 2\nFROM a AS c\nRUN out 3\nFROM c\n"));
  CHECK(world.engine.most_at_once == 1);
}

TEST_CASE("what ran once is found again, with its time; ENV and the like, too") {
  SolveWorld world;
  const std::string file = "FROM box\nARG X\nENV A=1\nRUN out a\nCMD [\"x\"]\n";
  const auto first = world.run(file);
  CHECK(cached(world.events) == 0);
  world.events.clear();
  const auto second = world.run(file);
  REQUIRE(second);
  CHECK(world.engine.started.size() == 1);
  CHECK(cached(world.events) == 4);
  CHECK(first->id() == second->id());
  BuildRequest again;
  again.no_cache = true;
  REQUIRE(world.run(file, again));
  CHECK(world.engine.started.size() == 2);
}

TEST_CASE("what a RUN depends on: the command, the environment, the user, the folder, the layers below") {
  SolveWorld world;
  const auto runs = [&](const std::string& file,
                        std::map<std::string, std::optional<std::string>> given = {}) {
    const std::size_t before = world.engine.started.size();
    BuildRequest request;
    request.arguments = std::move(given);
    REQUIRE(world.run(file, std::move(request)));
    return world.engine.started.size() - before;
  };
  CHECK(runs("FROM box\nRUN out a\n") == 1);
  CHECK(runs("FROM box\nRUN out a\n") == 0);
  CHECK(runs("FROM box\nENV A=1\nRUN out a\n") == 1);
  CHECK(runs("FROM box\nUSER 1\nRUN out a\n") == 1);
  CHECK(runs("FROM box\nRUN out b\nRUN out a\n") == 2);
  CHECK(runs("FROM box\nARG V\nRUN out a\n", {{"V", "1"}}) == 1);
  CHECK(runs("FROM box\nARG V\nRUN out a\n", {{"V", "2"}}) == 1);
  CHECK(runs("FROM box\nRUN out a\n", {{"HTTP_PROXY", "p"}}) == 0);
  CHECK(runs("FROM box\nRUN --network=none out a\n") == 1);
  CHECK(runs("FROM box\nLABEL l=1\nRUN out a\n") == 0);
}

TEST_CASE("arguments and proxies are in the environment of a RUN; only arguments in its history") {
  SolveWorld world;
  BuildRequest request;
  request.arguments = {{"A", "1"}, {"https_proxy", "p"}};
  const auto state = world.run("FROM box\nARG A\nENV B=2\nRUN out a\n", request);
  REQUIRE(state);
  CHECK(world.engine.requests[0].config.env ==
        Strings{std::string(default_path), "B=2", "A=1", "https_proxy=p"});
  CHECK(state->config.env == Strings{std::string(default_path), "B=2"});
  CHECK(state->config.history[2].created_by == "RUN |1 A=1 /bin/sh -c out a");
}

TEST_CASE("a command that fails ends the build, and the stages beside it, and leaves nothing") {
  SolveWorld world;
  const auto state = world.run(
      "FROM box AS slow\nRUN forever\nFROM box AS bad\nRUN fail 3\n"
      "FROM box\nRUN --mount=type=bind,from=slow,target=/s --mount=type=bind,from=bad,target=/b out x\n");
  REQUIRE(!state);
  const auto failed = step_failed(state.error());
  REQUIRE(failed);
  CHECK(failed->exit_code == 3);
  CHECK(failed->command == "/bin/sh -c fail 3");
  CHECK(state.error().message() == "The command '/bin/sh -c fail 3' returned a non-zero code: 3");
  CHECK(world.engine.containers() == 0);
  CHECK(world.images.snapshots.empty());
  REQUIRE(texts(world.events, Kind::failed).size() == 1);
}

TEST_CASE("a build that is cancelled leaves no container and no tree") {
  SolveWorld world;
  const auto outcome = world.loop.run([](SolveWorld& in) -> Task<bool> {
    io::TaskGroup group(in.loop);
    group.spawn([](SolveWorld& of) -> Task<void> { co_await of.solve("FROM box\nRUN forever\n"); }(in));
    while (in.engine.started.empty()) co_await io::yield();
    group.cancel();
    co_await group.join();
    co_return true;
  }(world));
  CHECK(outcome);
  CHECK(world.engine.started.size() == 1);
  CHECK(world.engine.containers() == 0);
  CHECK(world.images.snapshots.empty());
}

TEST_CASE("triggers of the base run first, and are not inherited") {
  SolveWorld world;
  auto base = std::make_shared<image::Image>(*world.images.named.begin()->second);
  base->config.on_build = {"RUN out trigger", "ENV T=1"};
  world.images.named["docker.io/library/based:latest"] = base;
  const auto state = world.run("FROM based\nRUN out own\n");
  REQUIRE(state);
  CHECK(world.engine.started == Strings{"out trigger", "out own"});
  CHECK(state->config.on_build.empty());
  CHECK(texts(world.events, Kind::note) == Strings{"Executing 2 build triggers"});
}

TEST_CASE("a stage made from another has its arguments and its config") {
  SolveWorld world;
  const auto state =
      world.run("FROM box AS a\nARG V=1\nENV E=$V\nCMD [\"c\"]\nFROM a\nENV F=$V$E\nENTRYPOINT [\"e\"]\n");
  REQUIRE(state);
  CHECK(state->config.env.back() == "F=11");
  CHECK(state->config.cmd.empty());  // of another stage: the entrypoint takes it away
}

TEST_CASE("variables that nobody declared are warned of") {
  SolveWorld world;
  REQUIRE(world.run("FROM box\nENV VERSION=1\nLABEL v=$VERSOIN w=${OTHER:-x}\n"));
  CHECK(texts(world.events, Kind::warning) ==
        Strings{"Usage of undefined variable '$VERSOIN' (did you mean $VERSION?)"});
  world.events.clear();
  REQUIRE(world.run("# check=skip=UndefinedVar\nFROM box\nLABEL v=$VERSOIN\n"));
  CHECK(texts(world.events, Kind::warning).empty());
}

TEST_CASE("what may not be asked for") {
  SolveWorld world;
  const auto insecure = world.run("FROM box\nRUN --security=insecure out a\n");
  REQUIRE(!insecure);
  CHECK(insecure.error().kind() == ErrorKind::denied);
  CHECK(
      insecure.error().message().starts_with("Dockerfile:2:1: entitlement security.insecure is not allowed"));
  const auto secret = world.run("FROM box\nRUN --mount=type=secret,id=s,required=true out a\n");
  REQUIRE(!secret);
  CHECK(secret.error().message().find("secret s: not found") != std::string::npos);
}

}  // namespace podo::builder
