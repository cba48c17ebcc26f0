#include "cluster/node_api/node_api.h"

#include "base/http/client.h"
#include "base/http/spdy_testing.h"
#include "base/http/websocket.h"
#include "base/io/combine.h"
#include "cluster/node_api/engine_testing.h"

namespace podo::node_api {
namespace {

class OnePod final : public PodDirectory {
 public:
  Result<ContainerPlace> find(std::string_view name_space, std::string_view pod, std::string_view container,
                              bool previous) const override {
    if (name_space != "ns" || pod != "web") return not_found("pods \"{}\" not found", pod);
    if (container != "app") return invalid("container {} is not valid for pod {}", container, pod);
    if (previous) return invalid("previous terminated container \"app\" in pod \"web\" not found");
    return ContainerPlace{.id = "c1", .running = runs, .tty = false, .stdin_open = true, .stdin_once = true};
  }
  Result<std::string> sandbox_of(std::string_view, std::string_view pod) const override {
    if (pod != "web") return not_found("pods \"{}\" not found", pod);
    return "uid-1";
  }
  std::string pods_json() const override { return R"({"kind":"PodList"})"; }
  bool runs = true;
};

struct World final : http::Connector {
  World()
      : api(make_node_api({loop, engine, pods, loop.clock(), log, nullptr})),
        server(loop, *api, log, {}),
        client(loop, *this, {}),
        serving(loop) {}
  Task<std::unique_ptr<io::Stream>> connect(const http::Url&) override {
    io::SocketPair pair = co_await io::socket_pair(loop);
    serving.spawn(server.serve_connection(std::move(pair.left), {}));
    co_return std::unique_ptr<io::Stream>(std::move(pair.right));
  }

  struct Answer {
    int status = 0;
    std::string text;
  };
  Task<Answer> get(std::string path) {
    auto answer = co_await client.send({.url = "http://node" + path});
    co_return Answer{answer.status, co_await http::read_all(*answer.body, 1 << 20)};
  }
  Task<http::Client::Upgraded> upgrade(std::string path, http::Headers headers, std::string method) {
    headers.add("Connection", "Upgrade");
    return client.upgrade(
        {.method = std::move(method), .url = "http://node" + path, .headers = std::move(headers)});
  }
  Task<std::unique_ptr<http::SpdyTestClient>> spdy(std::string path, std::string protocol) {
    auto upgraded = co_await upgrade(
        std::move(path), {{"Upgrade", "SPDY/3.1"}, {"X-Stream-Protocol-Version", "v9, " + protocol}}, "POST");
    REQUIRE_EQ(upgraded.response.status, 101);
    CHECK_EQ(upgraded.response.headers.get("X-Stream-Protocol-Version"), protocol);
    co_return std::make_unique<http::SpdyTestClient>(loop, std::move(upgraded.stream));
  }
  Task<std::unique_ptr<http::WebSocket>> socket(std::string path, std::string protocol) {
    auto upgraded = co_await upgrade(std::move(path),
                                     {{"Upgrade", "websocket"},
                                      {"Sec-WebSocket-Version", "13"},
                                      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                      {"Sec-WebSocket-Protocol", protocol}},
                                     "GET");
    REQUIRE_EQ(upgraded.response.status, 101);
    CHECK_EQ(upgraded.response.headers.get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK_EQ(upgraded.response.headers.get("Sec-WebSocket-Protocol"), protocol);
    co_return std::make_unique<http::WebSocket>(loop, std::move(upgraded.stream), &random);
  }
  // Messages until the goodbye, by channel: "0:hello|1:..."; those of one channel in a row are one.
  static Task<std::string> all_of(http::WebSocket& socket, bool base64 = false) {
    std::string all, message;
    char channel = 0;
    while (const auto piece = co_await socket.receive()) {
      message += piece->bytes;
      if (!piece->ends) continue;
      const char from = static_cast<char>(base64 ? message[0] : message[0] + '0');
      if (message.size() > 1) {
        if (from != channel) all += text("{}{}:", all.empty() ? "" : "|", std::string_view(&from, 1));
        all += message.substr(1);
        channel = from;
      }
      message.clear();
    }
    co_return all;
  }

  template <class F>
  void run(F test) {
    const Result<void> ran = loop.run(io::deadline(test(*this), seconds(20)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }

  io::EpollLoop loop;
  SilentLog log;
  SeededRandom random{1};
  ScriptedEngine engine{loop};
  OnePod pods;
  std::unique_ptr<http::Handler> api;
  http::Server server;
  http::Client client;
  io::TaskGroup serving;  // dies first
};

const std::string exec = "/exec/ns/web/app?";
constexpr std::string_view success = R"({"metadata":{},"status":"Success"})";

std::string exit_status(int code, std::string_view command) {
  return text(
      R"({{"metadata":{{}},"status":"Failure","message":"command terminated with non-zero exit code: error )"
      R"(executing command [{}], exit code {}","reason":"NonZeroExitCode","details":{{"causes":[{{"reason":)"
      R"("ExitCode","message":"{}"}}]}}}})",
      command, code, code);
}

}  // namespace

TEST_CASE("logs are text, what is wrong with them too") {
  World().run([](World& world) -> Task<void> {
    world.engine.log = {ScriptedEngine::frame(1, "one\n") + ScriptedEngine::frame(2, "two\n"),
                        ScriptedEngine::frame(1, "three\n")};
    CHECK_EQ((co_await world.get("/containerLogs/ns/web/app")).text, "one\ntwo\nthree\n");
    CHECK_EQ((co_await world.get("/containerLogs/ns/web/app?limitBytes=6")).text, "one\ntw");
    co_await world.get(
        "/containerLogs/ns/web/app?tailLines=3&timestamps=true&stream=Stderr&sinceTime=1970-01-01T00:00:07Z");
    CHECK_EQ(world.engine.log_options.tail, 3);
    CHECK(world.engine.log_options.timestamps);
    CHECK_FALSE(world.engine.log_options.out);
    CHECK_EQ(world.engine.log_options.since->ns, 7'000'000'000);
    auto answer = co_await world.get("/containerLogs/ns/web/app?previous=1");
    CHECK_EQ(answer.status, 400);
    CHECK_EQ(answer.text, "previous terminated container \"app\" in pod \"web\" not found");
    CHECK_EQ((co_await world.get("/containerLogs/ns/other/app")).status, 404);
    CHECK_EQ((co_await world.get("/containerLogs/ns/web/app?tailLines=x")).status, 400);
    CHECK_EQ((co_await world.get("/containerLogs/ns/web")).status, 404);
    CHECK_EQ((co_await world.get("/pods")).text, R"({"kind":"PodList"})");
  });
}

TEST_CASE("a log is followed until its container ends, or the reader goes") {
  World().run([](World& world) -> Task<void> {
    world.engine.log = {ScriptedEngine::frame(1, "one\n")};
    world.engine.log_goes_on = true;
    auto answer = co_await world.client.send({.url = "http://node/containerLogs/ns/web/app?follow=true"});
    std::string bytes(100, '\0');
    CHECK_EQ(co_await answer.body->read(io::writable_bytes_of(bytes)), 4);
    world.engine.log.push_back(ScriptedEngine::frame(2, "two\n"));
    world.engine.more.notify_all();
    CHECK_EQ(co_await answer.body->read(io::writable_bytes_of(bytes)), 4);
    world.engine.log_goes_on = false;
    world.engine.more.notify_all();
    CHECK_EQ(co_await answer.body->read(io::writable_bytes_of(bytes)), 0);
    world.engine.log_goes_on = true;
    answer = co_await world.client.send({.url = "http://node/containerLogs/ns/web/app?follow=true"});
    const std::size_t before = world.serving.size();
    answer.body.reset();
    while (world.serving.size() == before) co_await io::sleep(milliseconds(1));
  });
}

TEST_CASE("a command over SPDY: input with its end, output, errors, and how it ended") {
  World().run([](World& world) -> Task<void> {
    auto client = co_await world.spdy(exec + "command=cat&input=1&output=1&error=1", "v4.channel.k8s.io");
    const auto error = co_await client->open({{"streamType", "error"}});
    const auto in = co_await client->open({{"streamType", "stdin"}});
    const auto out = co_await client->open({{"streamType", "stdout"}});
    const auto err = co_await client->open({{"streamType", "stderr"}});
    co_await client->send_data(in, "to and fro");
    co_await client->until([&] { return client->seen[out].bytes == "to and fro"; });
    co_await client->send_data(in, "", true);
    co_await client->until_ended(error);
    co_await client->until_ended(out);
    co_await client->until_ended(err);
    CHECK_EQ(client->seen[error].bytes, success);
    client->hang_up();
    while (world.serving.size() > 0) co_await io::sleep(milliseconds(1));
  });
}

TEST_CASE("a command over SPDY that fails says so, in the words of the version") {
  for (
      const auto& [protocol, words, told] :
      {std::tuple<std::string, std::string, std::string>{"v4.channel.k8s.io", "exit 7",
                                                         exit_status(7, "exit 7")},
       {"v3.channel.k8s.io", "exit 7",
        "command terminated with non-zero exit code: error executing command [exit 7], exit code 7"},
       {"channel.k8s.io", "exit 0", ""},
       {"v4.channel.k8s.io", "missing x",
        R"({"metadata":{},"status":"Failure","message":"Internal error occurred: error executing command in )"
        R"(container: no such program","reason":"InternalError","details":{"causes":[{"message":"error )"
        R"(executing command in container: no such program"}]},"code":500})"}}) {
    World().run([&](World& world) -> Task<void> {
      const std::size_t space = words.find(' ');
      auto client = co_await world.spdy(
          exec + text("command={}&command={}&output=1", words.substr(0, space), words.substr(space + 1)),
          protocol);
      const auto error = co_await client->open({{"streamType", "error"}});
      co_await client->open({{"streamType", "stdout"}});
      co_await client->until_ended(error);
      CHECK_EQ(client->seen[error].bytes, told);
    });
  }
}

TEST_CASE("a command over a WebSocket, whatever its protocol") {
  World().run([](World& world) -> Task<void> {
    const std::string print = exec + "command=print&command=yes&command=no&output=1&error=1";
    const std::string all = text("1:yes|2:no|3:{}", success);
    for (const std::string protocol : {"v5.channel.k8s.io", "v4.channel.k8s.io"}) {
      auto socket = co_await world.socket(print, protocol);
      CHECK_EQ(co_await World::all_of(*socket), all);
    }
    auto socket = co_await world.socket(print, "channel.k8s.io");
    CHECK_EQ(co_await World::all_of(*socket), "1:yes|2:no");
    socket = co_await world.socket(print, "base64.channel.k8s.io");
    CHECK_EQ(co_await World::all_of(*socket, true), "1:eWVz|2:bm8=");
  });
}

TEST_CASE("the client closes its input with version 5, and the rest goes on") {
  World().run([](World& world) -> Task<void> {
    auto socket = co_await world.socket(exec + "command=cat&input=1&output=1", "v5.channel.k8s.io");
    co_await socket->send(false, std::string("\0to ", 4));
    co_await socket->send(false, std::string("\0and fro", 8));
    co_await socket->send(false, std::string("\xff\0", 2));
    CHECK_EQ(co_await World::all_of(*socket), text("1:to and fro|3:{}", success));
    CHECK_EQ(world.engine.input["e1"], "to and fro");
    socket = co_await world.socket(exec + "command=cat&input=1&output=1", "v4.base64.channel.k8s.io");
    co_await socket->send(true, "0aGk=");
    for (int i = 0; i < 2; ++i) (void)co_await socket->receive();  // an empty one, and the echo
    CHECK_EQ(world.engine.input["e2"], "hi");
  });
}

TEST_CASE("sizes of a terminal arrive, the newest at least") {
  World().run([](World& world) -> Task<void> {
    auto socket = co_await world.socket(exec + "command=sizes&input=1&output=1&tty=1", "v5.channel.k8s.io");
    co_await socket->send(false, "\4{\"Width\":80,");
    co_await socket->send(false, "\4\"Height\":24}\n");
    CHECK_EQ(co_await World::all_of(*socket), text("1:80x24 |3:{}", success));
  });
}

TEST_CASE("who hangs up ends the command's input") {
  World().run([](World& world) -> Task<void> {
    auto socket = co_await world.socket(exec + "command=wait&input=1&output=1", "v5.channel.k8s.io");
    co_await socket->send(false, std::string("\0x", 2));
    while (world.engine.input["e1"].empty()) co_await io::sleep(milliseconds(1));
    socket.reset();
    while (world.engine.input_ended == 0) co_await io::sleep(milliseconds(1));
    auto client = co_await world.spdy(exec + "command=wait&input=1", "v4.channel.k8s.io");
    co_await client->open({{"streamType", "error"}});
    co_await client->open({{"streamType", "stdin"}});
    while (world.engine.running == 0) co_await io::sleep(milliseconds(1));
    client->hang_up();
    while (world.engine.input_ended == 1) co_await io::sleep(milliseconds(1));
    while (world.serving.size() > 0) co_await io::sleep(milliseconds(1));
  });
}

TEST_CASE("a slow client holds the process up") {
  World().run([](World& world) -> Task<void> {
    auto socket = co_await world.socket(exec + "command=flood&command=400&output=1", "v5.channel.k8s.io");
    co_await io::sleep(milliseconds(200));
    CHECK_LT(world.engine.flooded, 60);
    const std::string all = co_await World::all_of(*socket);
    CHECK_EQ(all.size(), (std::size_t{400} << 15) + text("1:|3:{}", success).size());
  });
}

TEST_CASE("attach: the container's own streams") {
  World().run([](World& world) -> Task<void> {
    auto socket = co_await world.socket("/attach/ns/web/app?input=1&output=1", "v5.channel.k8s.io");
    co_await socket->send(false, std::string("\0hello", 6));
    co_await socket->send(false, std::string("\xff\0", 2));
    CHECK_EQ(co_await World::all_of(*socket), text("1:hello|3:{}", success));
  });
}

TEST_CASE("commands that cannot begin are told before the connection changes") {
  World().run([](World& world) -> Task<void> {
    const auto asked = [&](std::string path, http::Headers headers) -> Task<World::Answer> {
      auto answer = co_await world.upgrade(std::move(path), std::move(headers), "POST");
      co_return World::Answer{answer.response.status, co_await http::read_all(*answer.response.body, 10'000)};
    };
    const http::Headers spdy = {{"Upgrade", "SPDY/3.1"}, {"X-Stream-Protocol-Version", "v4.channel.k8s.io"}};
    CHECK_EQ((co_await asked("/exec/ns/web/app?command=cat", spdy)).text,
             "you must specify at least 1 of stdin, stdout, stderr");
    CHECK_EQ((co_await asked("/exec/ns/gone/app?command=cat&output=1", spdy)).status, 404);
    CHECK_EQ((co_await asked("/exec/ns/web/app?output=1", spdy)).status, 400);
    const auto old = co_await asked("/exec/ns/web/app?command=cat&output=1",
                                    {{"Upgrade", "SPDY/3.1"}, {"X-Stream-Protocol-Version", "v9"}});
    CHECK_EQ(old.status, 403);
    CHECK(old.text.starts_with(
        "unable to upgrade: unable to negotiate protocol: client supports [v9], server"));
    CHECK_EQ((co_await world.get("/exec/ns/web/app?command=cat&output=1")).status, 400);
    world.pods.runs = false;
    const auto stopped = co_await asked("/exec/ns/web/app?command=cat&output=1", spdy);
    CHECK_EQ(stopped.status, 500);
    CHECK_EQ(stopped.text, "container not found (\"app\")");
  });
}

TEST_CASE("ports over SPDY: many connections on one, half closes, and what cannot be reached") {
  World().run([](World& world) -> Task<void> {
    auto client = co_await world.spdy("/portForward/ns/web", "portforward.k8s.io");
    std::vector<std::uint32_t> data, error;
    for (const char* port : {"7", "7", "19", "9"}) {
      const std::string request = text("{}", data.size());
      error.push_back(
          co_await client->open({{"streamType", "error"}, {"port", port}, {"requestID", request}}, 1));
      data.push_back(co_await client->open({{"streamType", "data"}, {"port", port}, {"requestID", request}}));
    }
    co_await client->send_data(data[0], "first");
    co_await client->send_data(data[1], "second", true);
    for (const std::size_t i : {1, 2, 3}) co_await client->until_ended(error[i]);
    CHECK_EQ(client->seen[data[1]].bytes, "second|end");
    CHECK(client->seen[data[1]].ended);
    CHECK_EQ(client->seen[data[2]].bytes, "hello");
    CHECK_EQ(client->seen[error[3]].bytes,
             "error forwarding port 9 to pod web, uid : connect to port 9: Connection refused");
    CHECK_EQ(client->seen[data[0]].bytes, "first");
    CHECK_FALSE(client->seen[data[0]].ended);
    const auto junk = co_await client->open({{"streamType", "data"}, {"port", "70000"}});
    co_await client->until_ended(junk);
    CHECK(client->seen[junk].reset.has_value());
    client->hang_up();
    while (world.serving.size() > 0) co_await io::sleep(milliseconds(1));
  });
}

TEST_CASE("ports over SPDY in a WebSocket") {
  World().run([](World& world) -> Task<void> {
    auto socket = co_await world.socket("/portForward/ns/web", "SPDY/3.1+portforward.k8s.io");
    http::SpdyTestClient client(world.loop, http::stream_of_messages(std::move(socket)));
    const auto error = co_await client.open({{"streamType", "error"}, {"port", "7"}, {"requestID", "0"}}, 1);
    const auto data = co_await client.open({{"streamType", "data"}, {"port", "7"}, {"requestID", "0"}});
    co_await client.send_data(data, "there", true);
    co_await client.until_ended(error);
    CHECK_EQ(client.seen[data].bytes, "there|end");
  });
}

TEST_CASE("ports as channels of a WebSocket") {
  World().run([](World& world) -> Task<void> {
    auto socket = co_await world.socket("/portForward/ns/web?port=19,9", "v4.channel.k8s.io");
    const std::string all = co_await World::all_of(*socket);
    CHECK(all.contains(std::string("0:\x13\0", 4)));
    CHECK(all.contains("0:hello"));
    CHECK(all.contains("error forwarding port 9 to pod web"));
    CHECK_EQ((co_await world.get("/portForward/ns/web")).status, 400);
  });
}

}  // namespace podo::node_api
