// A request of a client that is answered into memory, and the world that answers it: the fakes behind a
// DockerApi.
//
//   World world;
//   world.engine.containers.push_back(a_container("web"));
//   CHECK(world.get("/containers/json").status == 200);
#pragma once

#include "base/core/random.h"
#include "base/format/json.h"
#include "container/docker/fakes_testing.h"

namespace podo::docker {

struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;  // or what was sent to a client whose connection was taken over
  json::Document json() const { return *json::parse(body); }
  std::string message() const { return std::string(json().root().find("message").string()); }
};

struct Asked {
  std::string method = "GET", target = "/", body = {};
  http::Headers headers = {};
  std::string input = {};  // what the client sends after the connection was taken over
  bool leaves = false;     // the client goes away as soon as it has the head
  bool local = false;      // it came by the unix socket
};

// A time that stands still.
class StandingClock final : public Clock {
 public:
  Monotonic now() const override { return {}; }
  Wall wall() const override { return {1'700'000'000'000'000'000}; }
};

class NoConnector final : public http::Connector {
 public:
  Task<std::unique_ptr<io::Stream>> connect(const http::Url& url) override {
    co_return unavailable("no network here: {}", url.host);
  }
};

class World {
 public:
  Answer ask(const Asked& asked);
  // The second is asked when the first has been answered to begin with.
  void ask_both(const Asked& first, Answer& one, const Asked& second, Answer& two);
  Answer get(std::string target) { return ask({.target = std::move(target)}); }
  Answer post(std::string target, std::string body = "") {
    return ask({.method = "POST",
                .target = std::move(target),
                .body = std::move(body),
                .headers = {{"Content-Type", "application/json"}}});
  }
  Answer remove(std::string target) { return ask({.method = "DELETE", .target = std::move(target)}); }

  io::EpollLoop loop;
  StandingClock clock;
  SilentLog log;
  SeededRandom random{1};
  NoConnector connector;
  http::Client client{loop, connector, {}};
  FakeEngine engine;
  FakeImages images;
  FakeNetworks networks;
  FakeBuilder builder;
  engine::Events events{clock};
  image::Registry registry{{loop, client, client, images, random, clock, log}, {}};
  DockerApi api{{engine, images, registry, networks, events, loop, clock, log, &builder},
                {.data_folder = "/data", .run_folder = "/run/podo", .daemon_id = "id", .socket_path = ""}};
};

// Running since a minute, of busybox, with port 80 published; its id begins with its name's letters as
// hex.
std::shared_ptr<engine::Container> a_container(std::string name);
std::shared_ptr<image::Image> an_image(std::string tag);

// A stream whose bytes are given; what is written to it is kept in `written`.
class MemoryStream final : public io::Stream {
 public:
  MemoryStream(std::string bytes, std::string& written) : bytes_(std::move(bytes)), written_(written) {}
  Task<std::size_t> read(std::span<std::byte> into) override;
  Task<void> write(std::span<const std::byte> bytes) override;
  Result<void> finish() override;

 private:
  std::string bytes_;
  std::string& written_;
};

}  // namespace podo::docker
