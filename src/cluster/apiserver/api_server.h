// ApiServer: the Kubernetes API (v1.36) for the objects of a store.
//
//   auto api = co_await ApiServer::open({loop, objects, access, admission, clock, random, log}, options);
//   http::Server server(loop, *api, log, limits);
//   co_await server.serve(*listener, &tls);
//
// The path of a request is handle.cpp: what is asked (cluster/api_request) -> who asks -> a turn (flow
// control) -> audit -> may they -> the verb (verbs.h) or the path (discovery, OpenAPI, health, metrics).
// Writes go through write.h: body -> Tree -> shape -> strategy -> defaults -> managedFields -> admission ->
// validation -> canonical bytes -> objects. All that goes wrong is answered as a Status.
//
// Life: open() makes what a cluster has from its first day (bootstrap.h) -> handle() any number of requests
// side by side; run() beside them -> destroyed when no server serves it any more, before its ground. Lives on
// the loop.
#pragma once

#include <memory>
#include <string>

#include "base/core/ip_address.h"
#include "base/http/server.h"
#include "base/io/epoll_loop.h"
#include "cluster/access/access.h"
#include "cluster/admission/admission.h"
#include "cluster/objects/objects.h"

namespace podo::apiserver {

using io::Task;
class NodeConnector;  // cluster/connectors/node_connector.h

struct ApiGround {
  io::Loop& loop;
  objects::Objects& objects;
  access::Access& access;
  admission::Admission& admission;
  Clock& clock;
  Random& random;
  Log& log;
  NodeConnector* nodes = nullptr;    // null: nodes cannot be reached
  io::EpollLoop* network = nullptr;  // null: what listens in pods cannot be reached (a simulation)
};

// 10.96.0.0/16 and fd00:10:96::/112.
std::vector<IpPrefix> default_service_ranges();

struct ApiOptions {
  std::string address = "127.0.0.1";  // where clients and the `kubernetes` Service reach it
  std::uint16_t port = 6443;
  std::vector<IpPrefix> service_ranges = default_service_ranges();
  std::uint16_t node_port_first = 30000, node_port_last = 32767;
  std::size_t body_bytes_max = 3 << 20;
  Duration request_within = seconds(60);
  std::string audit_policy_file = {}, audit_log_file = {};  // "": no audit
};

struct Parts;

class ApiServer final : public http::Handler {
 public:
  static Task<std::unique_ptr<ApiServer>> open(ApiGround ground, ApiOptions options);
  ~ApiServer() override;
  Task<void> handle(http::Exchange& exchange) override;
  // The small loops that the API itself needs: default service accounts, ends of namespaces, the
  // `kubernetes` endpoints. Until it is cancelled.
  Task<void> run();

  explicit ApiServer(std::unique_ptr<Parts> parts);

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace podo::apiserver
