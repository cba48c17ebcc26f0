// DockerApi: the Docker Engine HTTP API (1.24 to 1.51) for the engine: what the docker CLI, compose,
// docker-py, testcontainers and their kin speak.
//
//   DockerApi api(ground, options);
//   http::Server server(loop, api, log, {});         // on RUN/docker.sock
//
// Life: made once its ground is open -> handle() any number of requests side by side -> destroyed when
// no server serves it any more. What it knows itself is which builds run; everything else is in the ground.
//
// A path may begin with a version ("/v1.44/info"); without one the newest is meant. Answers are JSON
// with the members and the wording of Docker 28; errors are {"message": "..."}. What a client must do
// after `handle()` of a stream (attach, logs, events, stats, pull) is nothing: streams end when the
// client is gone. Lives on the daemon's loop.
#pragma once

#include <memory>

#include "base/http/server.h"
#include "container/builder/builder.h"
#include "container/engine/engine.h"
#include "container/registry_client/registry.h"

namespace podo::docker {

using io::Task;

struct ApiGround {
  engine::Engine& engine;
  image::Images& images;
  image::Registry& registry;
  network::Networks& networks;
  engine::Events& events;
  io::Loop& loop;
  Clock& clock;
  Log& log;
  builder::Builder* builder = nullptr;  // without one, builds are refused
  const apparmor::DefaultProfile* apparmor = nullptr;
};

// What `docker info` and `docker version` tell that only the daemon knows.
struct ApiOptions {
  std::string data_folder, run_folder;
  std::string daemon_id;  // "" is made of the host's name
  std::string logging_driver = "json-file";
  std::string socket_path;                         // "/run/podo/docker.sock"
  std::vector<std::string> insecure_registries{};  // "127.0.0.0/8"
  std::vector<std::string> registry_mirrors{};
  std::vector<std::string> labels{};
  bool debug = false;
};

inline constexpr int newest_version = 51, oldest_version = 24;  // 1.51, 1.24

class Builds;  // builds.h

class DockerApi final : public http::Handler {
 public:
  DockerApi(const ApiGround& ground, ApiOptions options);
  ~DockerApi() override;
  Task<void> handle(http::Exchange& exchange) override;

 private:
  ApiGround ground_;
  ApiOptions options_;
  std::unique_ptr<Builds> builds_;
};

}  // namespace podo::docker
