// Building through the API.
#include <doctest/doctest.h>

#include "base/format/base64.h"
#include "container/builder/step_failed.h"
#include "container/docker/build_options.h"
#include "container/docker/world_testing.h"

namespace podo::docker {
namespace {

using builder::BuildEvent;
using Kind = BuildEvent::Kind;

const std::string state_one(64, '1'), state_two(64, '2');

BuildEvent started(int step, std::string text) {
  return {.kind = Kind::started, .step = step, .text = std::move(text)};
}
BuildEvent done(int step, std::string state, bool cached = false) {
  return {.kind = Kind::done, .step = step, .state = std::move(state), .cached = cached};
}
BuildEvent output(int step, std::string text, bool error = false) {
  return {.kind = Kind::output, .step = step, .text = std::move(text), .error = error};
}
BuildEvent running(int step, std::string id) {
  return {.kind = Kind::running, .step = step, .state = std::move(id)};
}

// What all "stream" members of an answer say.
std::string words_of(std::string_view body) {
  std::string words;
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size() - 1);
    const auto line = json::parse(std::string(body.substr(0, end)));
    const auto stream = line->root().find("stream"), problem = line->root().find("error");
    if (stream.present()) words += stream.string();
    if (problem.present()) words += text("error: {}\n", problem.string());
    body.remove_prefix(end + 1);
  }
  return words;
}

Asked build(std::string query, std::string context = "tar") {
  return {.method = "POST",
          .target = "/build" + query,
          .body = std::move(context),
          .headers = {{"Content-Type", "application/x-tar"}}};
}

// Two steps; the second one's command prints in two pieces, the cut inside a character.
void make_two_steps(World& world) {
  world.builder.events = {{.kind = Kind::planned, .total = 2},
                          started(1, "FROM busybox"),
                          done(1, state_one),
                          started(2, "RUN make"),
                          running(2, "sha256:" + std::string(64, 'c')),
                          output(2, "gr\xc3"),
                          output(2,
                                 "\xbc"
                                 "n\n"),
                          output(2, "oh\n", true),
                          done(2, state_two)};
  world.builder.result.image = an_image("docker.io/library/x:latest");
  world.builder.result.named = {"docker.io/library/x:latest"};
  world.builder.result.unused_arguments = {"A", "B"};
}

TEST_CASE("a build is told in Docker's words") {
  World world;
  make_two_steps(world);
  const Answer answer = world.ask(build("?t=x"));
  CHECK(answer.status == 200);
  CHECK(answer.headers.get("Content-Type") == "application/json");
  CHECK(words_of(answer.body) ==
        "Step 1/2 : FROM busybox\n ---> 111111111111\nStep 2/2 : RUN make\n ---> Running in cccccccccccc\n"
        "gr\xc3\xbcn\n\x1b[91moh\n\x1b[0m ---> Removed intermediate container cccccccccccc\n"
        " ---> 222222222222\n[Warning] One or more build-args [A B] were not consumed\n"
        "Successfully built bbbbbbbbbbbb\nSuccessfully tagged x:latest\n");
  CHECK(answer.body.find("{\"aux\":{\"ID\":\"sha256:bbb") != std::string::npos);
  CHECK(world.builder.context == "tar");
  CHECK(world.ask(build("?rm=0")).body.find("Removed intermediate") == std::string::npos);
}

TEST_CASE("stages side by side are told in the order of the Dockerfile") {
  World world;
  world.builder.events = {{.kind = Kind::planned, .total = 4},
                          started(3, "RUN b"),
                          started(1, "FROM a"),
                          output(3, "three\n"),
                          done(3, state_one),
                          started(4, "COPY x"),
                          done(1, state_one),
                          started(2, "RUN a"),
                          output(4, "four\n"),
                          output(2, "two\n"),
                          done(2, state_two, true),
                          done(4, state_two, true)};
  CHECK(words_of(world.ask(build("")).body) ==
        "Step 1/4 : FROM a\n ---> 111111111111\nStep 2/4 : RUN a\ntwo\n ---> Using cache\n"
        " ---> 222222222222\nStep 3/4 : RUN b\nthree\n ---> 111111111111\nStep 4/4 : COPY x\nfour\n"
        " ---> Using cache\n ---> 222222222222\n");
}

TEST_CASE("output that has to wait for its turn is bounded") {
  World world;
  world.builder.events = {{.kind = Kind::planned, .total = 2}, started(1, "FROM a"), started(2, "RUN b")};
  for (int i = 0; i < 40; ++i) world.builder.events.push_back(output(2, std::string(64 << 10, 'x')));
  world.builder.events.push_back(done(1, state_one));
  world.builder.events.push_back(done(2, state_one));
  const std::string words = words_of(world.ask(build("")).body);
  CHECK(words.size() < (2u << 20));
  CHECK(words.find("bytes of output are left out]\n") != std::string::npos);
}

TEST_CASE("a build that fails before its first word has a status, later an error's line") {
  World world;
  world.builder.error = Error(ErrorKind::invalid, "Cannot locate specified Dockerfile: Dockerfile");
  CHECK(world.ask(build("")).status == 400);
  CHECK(world.ask(build("")).message() == "Cannot locate specified Dockerfile: Dockerfile");
  world.builder.events = {{.kind = Kind::planned, .total = 2},
                          started(1, "FROM a"),
                          started(2, "RUN exit 3"),
                          output(2, "why\n"),
                          {.kind = Kind::failed, .step = 2}};
  world.builder.error = builder::step_failure({"/bin/sh -c exit 3", 3});
  const Answer answer = world.ask(build(""));
  CHECK(answer.status == 200);
  CHECK(words_of(answer.body) ==
        "Step 1/2 : FROM a\nStep 2/2 : RUN exit 3\nwhy\n"
        "error: The command '/bin/sh -c exit 3' returned a non-zero code: 3\n");
  CHECK(answer.body.find("{\"errorDetail\":{\"code\":3,\"message\":\"The command") != std::string::npos);
}

TEST_CASE("a quiet build tells the id alone, and everything when it fails") {
  World world;
  make_two_steps(world);
  CHECK(world.ask(build("?q=1&t=x")).body == "{\"stream\":\"sha256:" + std::string(64, 'b') + "\\n\"}\r\n");
  world.builder.error = builder::step_failure({"make", 2});
  const std::string words = words_of(world.ask(build("?q=1")).body);
  CHECK(words.starts_with("Step 1/2 : FROM busybox\n"));
  CHECK(words.ends_with("error: The command 'make' returned a non-zero code: 2\n"));
}

TEST_CASE("the query of a build becomes its request") {
  World world;
  world.ask(build(
      "?t=a:1&t=b&t=a:1&dockerfile=sub/D&buildargs={\"A\":\"1\",\"B\":null}&labels={\"l\":\"v\"}&nocache=1"
      "&pull=1&target=t&platform=linux/arm64&memory=100&memswap=-1&cpushares=7&cpusetcpus=0-1"
      "&cpuperiod=1000&cpuquota=500&shmsize=65536&networkmode=host&extrahosts=h:1.2.3.4&squash=1"
      "&ulimits=[{\"Name\":\"nofile\",\"Soft\":5,\"Hard\":6}]&cachefrom=[\"c\"]&cgroupparent=/p"
      "&version=1&rm=1&remote=https://x.example/c.tar"));
  const builder::BuildRequest& request = world.builder.asked;
  CHECK(request.tags == std::vector<std::string>{"docker.io/library/a:1", "docker.io/library/b:latest"});
  CHECK(request.dockerfile == "sub/D");
  CHECK(request.arguments.at("A") == "1");
  CHECK(!request.arguments.at("B").has_value());
  CHECK(request.labels.at("l") == "v");
  CHECK(request.no_cache);
  CHECK((request.pull == builder::PullPolicy::always));
  CHECK(request.platforms.at(0).architecture == "arm64");
  CHECK(request.host.resources.memory == 100);
  CHECK(request.host.resources.memory_swap == -1);
  CHECK(request.host.resources.cpu_shares == 7);
  CHECK(request.host.resources.cpuset_cpus == "0-1");
  CHECK(request.host.resources.cpu_quota == 500);
  CHECK(request.host.resources.ulimits.at(0).hard == 6);
  CHECK(request.host.resources.cgroup_parent == "/p");
  CHECK(request.host.shm_size == 65536);
  CHECK(request.host.network_mode == "host");
  CHECK(request.host.extra_hosts.at(0) == "h:1.2.3.4");
  CHECK(request.cache_from.at(0) == "c");
  CHECK(request.squash);
  CHECK(request.context.remote == "https://x.example/c.tar");
  CHECK(request.context.archive == nullptr);
}

TEST_CASE("what a query cannot say is refused in Docker's words") {
  World world;
  const auto refused = [&](std::string query) { return world.ask(build(std::move(query))).message(); };
  CHECK(refused("?t=A").find("invalid reference format") != std::string::npos);
  CHECK(refused("?t=a@sha256:" + std::string(64, '0')) == "build tag cannot contain a digest");
  CHECK(refused("?dockerfile=../D") == "Forbidden path outside the build context: ../D ()");
  CHECK(refused("?dockerfile=a/../../D").starts_with("Forbidden path"));
  CHECK(refused("?buildargs=[").starts_with("error reading build args: "));
  CHECK(refused("?buildargs=no").starts_with("error reading build args: invalid character"));
  CHECK(refused("?labels=[1]") ==
        "error reading labels: json: cannot unmarshal array into Go value of type map[string]string");
  CHECK(refused("?memory=x") == "strconv.Atoi: parsing \"x\": invalid syntax");
  CHECK(refused("?version=3") == "invalid version \"3\"");
  CHECK(refused("?version=2").find("DOCKER_BUILDKIT=0") != std::string::npos);
  CHECK(world.ask(build("?version=2")).status == 501);
  CHECK(refused("?isolation=hyperv") == "unsupported isolation: \"hyperv\"");
  CHECK(world.ask(build("?securityopt=x")).status == 400);
  CHECK(world.ask(build("?outputs=[{\"Type\":\"local\"}]")).status == 501);
  CHECK(world.ask(build("?outputs=[{\"Type\":\"image\"}]")).status == 200);
}

TEST_CASE("credentials come by domain, whatever the spelling") {
  const auto config = decode_registry_config(base64::encode(
      R"({"https://index.docker.io/v1/":{"username":"u","password":"p"},"10.0.0.1:5000":{"auth":"dTpw"}})"));
  REQUIRE(config.has_value());
  CHECK(config->at("docker.io").password == "p");
  CHECK(config->at("10.0.0.1:5000").user == "u");
  const auto wrong = decode_registry_config("secret!");
  CHECK(wrong.error().message() == "invalid X-Registry-Config header");
  CHECK(decode_registry_config("").value().empty());
  CHECK(decode_registry_config("e30").value().empty());
}

Asked wish(std::string line, std::string context, bool local) {
  return {.method = "POST",
          .target = "/build",
          .body = std::move(line) + "\n" + std::move(context),
          .headers = {{"Content-Type", std::string(wish_type)}, {"Accept", std::string(events_type)}},
          .local = local};
}

TEST_CASE("the events themselves are lines, and the result is the last") {
  World world;
  make_two_steps(world);
  const Answer answer =
      world.ask(wish("{\"secrets\":{\"s\":\"aGk=\"},\"noCacheStages\":[\"a\"]}", "tar", true));
  CHECK(answer.headers.get("Content-Type") == events_type);
  CHECK(
      answer.body.starts_with("{\"event\":\"planned\",\"total\":2}\n"
                              "{\"event\":\"started\",\"step\":1,\"text\":\"FROM busybox\"}\n"));
  CHECK(answer.body.ends_with(
      "{\"result\":{\"image\":\"sha256:" + std::string(64, 'b') +
      "\",\"named\":[\"docker.io/library/x:latest\"],\"unusedArguments\":[\"A\",\"B\"]}}\n"));
  CHECK(world.builder.context == "tar");
  CHECK(world.builder.asked.secrets.at("s").value == "hi");
  CHECK(world.builder.asked.no_cache_stages.at(0) == "a");
  world.builder.error = builder::step_failure({"make", 2});
  CHECK(world.ask(wish("{}", "", true))
            .body.ends_with("{\"error\":{\"kind\":\"invalid\",\"message\":\"The command 'make' returned a "
                            "non-zero code: 2\",\"exitCode\":2}}\n"));
}

TEST_CASE("an archive comes between the events") {
  World world;
  world.builder.archive = {"one", "{\"x\":1}\n"};
  CHECK(world.ask(wish("{\"export\":\"type=tar,dest=-\"}", "", false))
            .body.starts_with("{\"archive\":3}\none{\"archive\":8}\n{\"x\":1}\n{\"result\":"));
  CHECK(world.builder.asked.export_to == "type=tar,dest=-");
}

TEST_CASE("things of this machine are for clients on it") {
  World world;
  const auto status = [&](std::string line, bool local) {
    return world.ask(wish(std::move(line), "", local)).status;
  };
  const std::string other = "{\"context\":{\"folder\":\"/\",\"device\":1,\"inode\":0}}";
  CHECK(status(other, false) == 403);
  CHECK(status(other, true) == 409);
  CHECK(status("{\"ssh\":{\"default\":\"/agent\"}}", false) == 403);
  CHECK(status("{\"ssh\":{\"default\":\"/agent\"}}", true) == 200);
  CHECK(status("{\"namedContexts\":{\"a\":\"/x\"}}", false) == 403);
  CHECK(status("{\"namedContexts\":{\"a\":\"docker-image://x\"}}", false) == 200);
  CHECK(status("{\"export\":\"type=local,dest=/etc\"}", false) == 403);
  CHECK(status("{\"cacheTo\":[\"type=local,dest=/etc\"]}", false) == 403);
  CHECK(status("{\"allow\":[\"moon\"]}", true) == 400);
  CHECK(status("no json", true) == 400);
}

TEST_CASE("a build ends with its client") {
  World world;
  make_two_steps(world);
  world.builder.waits = true;
  Asked asked = build("");
  asked.leaves = true;
  CHECK(world.ask(asked).status == 200);
  CHECK(world.builder.was_cancelled);
}

TEST_CASE("a build is cancelled by its id") {
  World world;
  CHECK(world.post("/build/cancel").message() == "build ID not provided");
  CHECK(world.post("/build/cancel?id=none").status == 200);
  make_two_steps(world);
  world.builder.waits = true;
  Answer built, cancelled;
  world.ask_both(build("?buildid=b1"), built, {.method = "POST", .target = "/build/cancel?id=b1"}, cancelled);
  CHECK(cancelled.status == 200);
  CHECK(world.builder.was_cancelled);
  CHECK(words_of(built.body).find("error: ") != std::string::npos);
}

TEST_CASE("the build cache is shown and pruned") {
  World world;
  world.builder.items = {{.id = "k1",
                          .parent = "k0",
                          .type = "regular",
                          .description = "RUN make",
                          .bytes = 5,
                          .created = {1'700'000'000'000'000'000},
                          .last_used = {1'700'000'000'000'000'000},
                          .uses = 2},
                         {.id = "k2",
                          .parent = "",
                          .type = "regular",
                          .description = "",
                          .shared = true,
                          .bytes = 7,
                          .created = {},
                          .last_used = {}}};
  const Answer usage = world.get("/system/df?type=build-cache");
  CHECK(usage.body.find(R"("BuildCache":[{"ID":"k1","Parents":["k0"],"Type":"regular",)"
                        R"("Description":"RUN make","InUse":false,"Shared":false,"Size":5,)"
                        R"("CreatedAt":"2023-11-14T22:13:20Z","LastUsedAt":"2023-11-14T22:13:20Z",)"
                        R"("UsageCount":2})") != std::string::npos);
  CHECK(world.get("/v1.40/system/df").json().root().find("BuilderSize").as_int64() == 5);
  CHECK(world.get("/system/df?type=image").json().root().find("BuildCache").kind() == json::Kind::null);
  CHECK(
      world.post("/build/prune?all=1&keep-storage=9&filters={\"until\":[\"24h\"],\"label\":[\"x\"]}").body ==
      "{\"CachesDeleted\":[\"c1\",\"c2\"],\"SpaceReclaimed\":77}\n");
  CHECK(world.builder.pruned.all);
  CHECK(world.builder.pruned.keep_bytes == 9);
  CHECK(world.builder.pruned.filters.size() == 1);
  CHECK(world.post("/build/prune?keep-storage=x").message() ==
        "keep-storage is in bytes and expects an integer, got x");
}

TEST_CASE("what is built is told of as an event") {
  World world;
  make_two_steps(world);
  world.ask(build("?t=x"));
  const std::string told = world.get("/events?since=1&until=1700000000").body;
  CHECK(told.find("\"Action\":\"create\"") < told.find("\"Action\":\"tag\""));
  CHECK(told.find("\"name\":\"x:latest\"") != std::string::npos);
}

TEST_CASE("BuildKit's clients are told what to do") {
  World world;
  CHECK(world.post("/grpc").status == 501);
  CHECK(world.post("/session").message().find("podo build") != std::string::npos);
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const std::string head = {0, 0, 1, 1, 5, 0, 0, 0, 1, '\x82'};  // HEADERS of stream 1
  const Answer answer = world.ask({.method = "POST",
                                   .target = "/grpc",
                                   .headers = {{"Upgrade", "h2c"}, {"Connection", "Upgrade"}},
                                   .input = preface + head});
  CHECK(answer.status == 101);
  CHECK(answer.headers.get("Upgrade") == "h2c");
  CHECK(answer.body.find("DOCKER_BUILDKIT=0 docker build") != std::string::npos);
  CHECK(answer.body.find(std::string("\x01\x05\0\0\0\x01", 6)) != std::string::npos);
}

TEST_CASE("a client is told that its own body is at fault") {
  World world;
  CHECK(world.post("/containers/create", std::string(5 << 20, ' ')).status == 400);
  CHECK(world.ask({.method = "POST", .target = "/images/load?quiet=1", .body = "cut"}).status == 400);
}

}  // namespace
}  // namespace podo::docker
