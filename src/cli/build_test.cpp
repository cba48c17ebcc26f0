// `podo build` without a daemon: what its words become, and how a build is shown.
#include <doctest/doctest.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io/simulated_loop.h"
#include "cli/build_answer.h"
#include "cli/build_display.h"
#include "cli/build_report.h"
#include "cli/build_request.h"

namespace podo::cli {
namespace {

Flags parse(std::vector<std::string> words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  auto flags = Flags::parse({build_flags()}, pointers, Flags::Order::anywhere);
  REQUIRE_MESSAGE(flags.has_value(), flags.error().message());
  return *std::move(flags);
}

TEST_CASE("what Docker has a query for is asked by the query") {
  ::setenv("PODO_TEST_GIVEN", "from outside", 1);
  ::setenv("DOCKER_CONFIG", "/nowhere", 1);
  const Flags flags = parse({"-t",          "a",
                             "-t",          "b:1",
                             "--build-arg", "A=1",
                             "--build-arg", "PODO_TEST_GIVEN",
                             "--build-arg", "PODO_TEST_ABSENT",
                             "--no-cache",  "--pull",
                             "--target=t",  "-m",
                             "64m",         "--memory-swap",
                             "-1",          "--ulimit",
                             "nofile=5:6",  "--add-host",
                             "h=1.2.3.4",   "--label",
                             "x=y",         "--label",
                             "z",           "--cache-from",
                             "c",           "."});
  BuildContext context;
  context.dockerfile = "sub/D";
  const Daemon::Query query = *build_query_of(flags, context, {});
  CHECK(query.all("t").size() == 2);
  CHECK(query.get("dockerfile") == "sub/D");
  CHECK(query.get("buildargs") == R"({"A":"1","PODO_TEST_ABSENT":null,"PODO_TEST_GIVEN":"from outside"})");
  CHECK(query.get("nocache") == "1");
  CHECK(query.get("pull") == "1");
  CHECK(query.get("target") == "t");
  CHECK(query.get("memory") == "67108864");
  CHECK(query.get("memswap") == "-1");
  CHECK(query.get("ulimits") == R"([{"Name":"nofile","Soft":5,"Hard":6}])");
  CHECK(query.get("extrahosts") == "h:1.2.3.4");
  CHECK(query.get("labels") == R"({"x":"y","z":""})");
  CHECK(query.get("cachefrom") == R"(["c"])");
  CHECK(!query.find("shmsize").has_value());
  CHECK(query.get("networkmode") == "default");
}

TEST_CASE("proxies of config.json are arguments of every build") {
  std::string folder = "/tmp/podo-config-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  FILE* file = ::fopen((folder + "/config.json").c_str(), "w");
  ::fputs(R"({"proxies":{"default":{"httpProxy":"http://p:1","noProxy":"here"}}})", file);
  ::fclose(file);
  ::setenv("DOCKER_CONFIG", folder.c_str(), 1);
  const auto query = build_query_of(parse({"--build-arg", "NO_PROXY=mine", "."}), {}, {});
  CHECK(query->get("buildargs") ==
        R"({"HTTP_PROXY":"http://p:1","NO_PROXY":"mine","http_proxy":"http://p:1","no_proxy":"here"})");
  ::setenv("DOCKER_CONFIG", "/nowhere", 1);
  ::unlink((folder + "/config.json").c_str());
  ::rmdir(folder.c_str());
}

TEST_CASE("the rest is a wish") {
  ::setenv("PODO_TEST_TOKEN", "hi", 1);
  ::unsetenv("SOURCE_DATE_EPOCH");
  const Flags flags = parse({"--secret", "id=t,env=PODO_TEST_TOKEN", "--secret=id=PODO_TEST_TOKEN",
                             "--build-context", "base=docker-image://alpine", "--build-context", "src=/x",
                             "--no-cache-filter", "a,b", "--platform", "linux/amd64,linux/arm64", "--allow",
                             "security.insecure", "--annotation", "manifest:k=v", "--debug-shell", "."});
  BuildContext context;
  context.folder = "/ctx";
  context.device = 1;
  context.inode = 2;
  CHECK(build_wish_of(flags, context, {}, true).value() ==
        R"({"context":{"folder":"/ctx","device":1,"inode":2},)"
        R"("namedContexts":{"base":"docker-image://alpine","src":"/x"},)"
        R"("secrets":{"PODO_TEST_TOKEN":"aGk=","t":"aGk="},"annotations":{"k":"v"},)"
        R"("noCacheStages":["a","b"],"platforms":["linux/amd64","linux/arm64"],)"
        R"("allow":["security.insecure"],"keepForDebug":true})");
  ::setenv("SOURCE_DATE_EPOCH", "7", 1);
  CHECK(build_wish_of(parse({"."}), {}, {}, false).value() == R"({"sourceDateEpoch":7})");
  ::setenv("SOURCE_DATE_EPOCH", "x", 1);
  CHECK(!build_wish_of(parse({"."}), {}, {}, false).has_value());
  ::unsetenv("SOURCE_DATE_EPOCH");
  CHECK(build_wish_of(parse({"--secret", "src=/nope/x", "."}), {}, {}, false).error().kind() ==
        ErrorKind::not_found);
  CHECK(
      build_wish_of(parse({"--secret", "id=a,env=PODO_TEST_ABSENT", "."}), {}, {}, false).error().message() ==
      "the secret a: the variable PODO_TEST_ABSENT is not set");
  CHECK(build_wish_of(parse({"--build-context", "x", "."}), {}, {}, false).error().message() ==
        "invalid context value: x, expected key=value");
}

TEST_CASE("where a result goes") {
  const auto output = [](std::vector<std::string> words) { return build_output_of(parse(words), true); };
  CHECK(output({"."})->export_to.empty());
  CHECK(output({"--load", "."})->export_to.empty());
  CHECK(output({"--push", "."})->export_to == "type=registry");
  CHECK(output({"-o", "type=image,push=true,name=a", "."})->names.at(0) == "a");
  CHECK(output({"-o", "dest=x", "."}).error().kind() == ErrorKind::invalid);
  CHECK(output({"-o", "type=local", "."}).error().kind() == ErrorKind::invalid);
  CHECK(output({"-o", "a", "-o", "b", "."}).error().kind() == ErrorKind::unsupported);
  const auto options = split_options("type=image,\"name=a,b\",-");
  CHECK(options.at(1) == std::pair<std::string, std::string>("name", "a,b"));
  CHECK(options.at(2) == std::pair<std::string, std::string>("", "-"));
}

// --- showing ---

struct Shown {
  BuildLog log;
  std::vector<BuildStep::Line> lines;
  std::int64_t seconds_now = 0;

  void tell(std::string event) {
    const auto document = json::parse(std::move(event));
    REQUIRE(document.has_value());
    log.take(document->root(), now(), lines);
  }
  Monotonic now() const { return {seconds_now * 1'000'000'000}; }
  std::vector<std::string> draw(std::size_t rows, std::size_t columns, bool is_over = false) const {
    return draw_build(log, Duration{now().ns}, is_over, now(), {.rows = rows, .columns = columns});
  }
};

void tell_usual_build(Shown& shown) {
  shown.tell(R"({"event":"planned","total":4})");
  shown.tell(R"({"event":"started","step":1,"text":"FROM a","name":"[1/3] FROM a"})");
  shown.seconds_now = 1;
  shown.tell(R"({"event":"done","step":1,"tookNs":400000000})");
  shown.tell(R"({"event":"started","step":2,"text":"ENV A=1","name":"ENV A=1"})");
  shown.tell(R"({"event":"done","step":2})");
  shown.tell(R"({"event":"started","step":3,"text":"COPY . /","name":"[2/3] COPY . /"})");
  shown.tell(R"({"event":"done","step":3,"cached":true})");
  shown.tell(R"({"event":"started","step":4,"line":7,"text":"RUN make","name":"[3/3] RUN make"})");
  shown.tell(R"({"event":"output","step":4,"text":"one\ntwo\u001b[2J\rthree\n\tfour"})");
  shown.seconds_now = 3;
}

TEST_CASE("a build on a terminal: what is done, what runs, and what it said last") {
  Shown shown;
  tell_usual_build(shown);
  CHECK(shown.lines.size() == 2);
  CHECK(shown.lines.at(1).text == "three");  // the line was rewritten, the screen is not cleared
  CHECK(shown.draw(24, 40) == std::vector<std::string>{"[+] Building 3.0s (3/4)",
                                                       " => [1/3] FROM a                    0.4s",
                                                       " => CACHED [2/3] COPY . /           0.0s",
                                                       " => [3/3] RUN make                  2.0s",
                                                       " => => # one", " => => # three"});
  CHECK(shown.draw(5, 20) == std::vector<std::string>{"[+] Building 3.0s (3/4)", " => [3/3] RUN m 2.0s",
                                                      " => => # one", " => => # three"});
  CHECK(shown.draw(2, 20).size() == 1);
  shown.tell(R"({"event":"failed","step":4,"state":"sha256:abcdef0123456789"})");
  CHECK(shown.draw(24, 40, true).back() == " => ERROR [3/3] RUN make            2.0s");
  CHECK(shown.log.failed()->tail.back().text == "        four");
}

TEST_CASE("transfers of a pull are shown while they go on") {
  Shown shown;
  shown.tell(R"({"event":"started","step":1,"name":"[1/1] FROM a","text":"FROM a"})");
  shown.tell(
      R"({"event":"progress","step":1,)"
      R"("progress":{"id":"aa","status":"Downloading","current":1000,"total":2000}})");
  CHECK(shown.draw(24, 60).back() == " => => aa: Downloading 1kB/2kB");
  shown.tell(R"({"event":"progress","step":1,"progress":{"id":"aa","status":"Pull complete"}})");
  CHECK(shown.draw(24, 60).size() == 2);
}

TEST_CASE("a failure is told with its output, its place and what can be done") {
  Shown shown;
  tell_usual_build(shown);
  shown.tell(R"({"event":"failed","step":4,"exitCode":2,"state":"sha256:abcdef0123456789"})");
  BuildEnd end;
  end.problem = "The command 'make' returned a non-zero code: 2";
  end.exit_code = 2;
  const BuildSource source{.name = "Dockerfile", .text = "1\n2\n3\n4\n5\n6\nRUN make\n"};
  CHECK(failure_report(shown.log, end, source, true) ==
        "------\n > [3/3] RUN make:\n0.0s one\n0.0s three\n2.0s         four\n------\n"
        "Dockerfile:7\n--------------------\n   4 |     4\n   5 |     5\n   6 |     6\n   7 | >>> RUN make\n"
        "--------------------\nERROR: The command 'make' returned a non-zero code: 2\n"
        "To look around where it failed: podo run --rm -it abcdef012345 sh\n");
  end.problem = "Dockerfile:7:1: no such thing";  // tells of the place itself
  end.exit_code = 0;
  CHECK(failure_report(shown.log, end, source, false) == "ERROR: Dockerfile:7:1: no such thing\n");
}

TEST_CASE("warnings are told with their rules") {
  Shown shown;
  CHECK(warnings_report(shown.log).empty());
  shown.tell(R"({"event":"warning","rule":"FromAsCasing","text":"'as' and 'FROM'","line":1})");
  CHECK(warnings_report(shown.log) ==
        "\n 1 warning found (podo build --check shows more):\n - FromAsCasing: 'as' and 'FROM' (line 1)\n");
  CHECK(check_report(shown.log, {.name = "D", .text = "FROM a as b\n"}) ==
        "Check complete, 1 warning has been found!\n\n"
        "WARNING: FromAsCasing - https://docs.docker.com/go/dockerfile/rule/from-as-casing/\n"
        "'as' and 'FROM'\nD:1\n--------------------\n   1 | >>> FROM a as b\n--------------------\n");
}

TEST_CASE("characters are cut whole, colours take no room") {
  CHECK(cut_to_width("gr\xc3\xbcn", 3) == "gr\xc3\xbc");
  CHECK(cut_to_width("\x1b[31mred\x1b[0m", 2) == "\x1b[31mre");
  CHECK(cut_to_width("ab", 9) == "ab");
  CHECK(cut_to_width("\xed\x8f\xac\xeb\x8f\x84", 3) == "\xed\x8f\xac");  // two wide ones, of which one fits
  CHECK(cut_to_width("e\xcc\x81x", 1) == "e\xcc\x81");                   // an accent goes with its letter
}

// --- the answer ---

class Pieces final : public http::Body {
 public:
  Pieces(std::string bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  io::Task<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), piece_, bytes_.size()});
    std::copy_n(io::bytes_of(bytes_).begin(), count, into.begin());
    bytes_.erase(0, count);
    co_return count;
  }

 private:
  std::string bytes_;
  std::size_t piece_;
};

TEST_CASE("an answer is read in whatever pieces it comes") {
  const std::string bytes =
      "{\"event\":\"planned\",\"total\":1}\n{\"archive\":6}\na\n{\"b\"{\"archive\":1}\nc\n"
      "{\"result\":{\"image\":\"sha256:1\",\"named\":[\"n\"],\"unusedArguments\":[]}}\n";
  for (const std::size_t piece : {1u, 7u, 4096u}) {
    io::EpollLoop loop;
    Pieces body(bytes, piece);
    std::string archive;
    int events = 0;
    const BuildTakers takers{.event = [&](json::Value) { ++events; },
                             .archive = [&](std::string_view part) -> Result<> {
                               archive += part;
                               return {};
                             }};
    const auto end = loop.run(read_build_answer(body, takers));
    REQUIRE(end.has_value());
    CHECK(events == 1);
    CHECK(archive == "a\n{\"b\"c");
    CHECK(end->image == "sha256:1");
    CHECK(end->named == std::vector<std::string>{"n"});
  }
}

TEST_CASE("an answer that breaks off is no success") {
  io::EpollLoop loop;
  Pieces body("{\"event\":\"planned\"}\n", 64);
  const auto end = loop.run(read_build_answer(body, {.event = [](json::Value) {}, .archive = {}}));
  CHECK(end.error().kind() == ErrorKind::unavailable);
}

}  // namespace
}  // namespace podo::cli
