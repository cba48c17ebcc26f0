// Actions: what probes and lifecycle hooks do to a container: run a command in it, get a page, open a
// connection, ask its gRPC health service. One try each, within a time; the words are the kubelet's.
// Lives on the loop.
#pragma once

#include <string>

#include "base/format/json_tree.h"
#include "base/http/client.h"
#include "container/engine/engine.h"

namespace podo::node {

using io::Task;

struct ActionGround {
  io::EpollLoop& loop;
  engine::Engine* engine;  // null: no commands are run
  http::Client& http;  // verifies no certificates
};

// Whom it is done to.
struct Target {
  std::string id;      // of the engine
  std::string pod_ip;  // of the pod, or of the machine when it has the machine's network
  // Ports by name, of the container.
  std::vector<std::pair<std::string, std::uint16_t>> ports;
  static Target of(const json::Item& container, std::string id, std::string pod_ip);
  Result<std::uint16_t> port(const json::Item* port) const;  // a number, or a name
};

struct Outcome {
  bool ok = false;
  bool warns = false;  // it is ok, but the output is worth an Event
  std::string output;
  bool answered = false;  // an HTTP server did, whatever it said
};

// `handler`: a probe, or a LifecycleHandler. Fails when it cannot be tried at all.
Task<Outcome> act(ActionGround ground, json::Tree handler, Target target, Duration within);

// Parts of act().
Task<Outcome> run_command(ActionGround ground, std::vector<std::string> command, std::string id,
                          Duration within);
Task<Outcome> get_page(ActionGround ground, json::Tree request, Target target, Duration within);
Task<Outcome> open_connection(ActionGround ground, std::string host, std::uint16_t port, Duration within);

}  // namespace podo::node
