#include "podo/node.h"

#include <unistd.h>

#include "base/io/timer.h"
#include "base/linux/file.h"
#include "cluster/client/kubeconfig.h"
#include "cluster/node/machine.h"
#include "cluster/node/pod_network.h"
#include "cluster/node_api/node_api.h"
#include "model/kube/schema.h"
#include "podo/beginning.h"
#include "podo/node_server.h"
#include "podo/traffic.h"

namespace podo {
namespace {

using io::Task;

constexpr Duration retry_after = seconds(5);

node::NodeOptions node_options(const NodeSideOptions& options, const NodeListening& at,
                               const node::PodNetwork& network) {
  node::NodeOptions node{.name = options.name, .data_folder = options.data + "/node"};
  node.static_pods_folder = options.static_pods_folder;
  node.control_group = options.control_group;
  for (const IpPrefix& cidr : network.cidrs) node.pod_cidrs.push_back(cidr.to_text());
  node.cluster_domain = options.cluster_domain;
  node.address = at.address;
  if (at.port != 0) node.api_port = at.port;
  return node;
}

// The API server of this process passes on to it what is the node's to answer.
class ServedHere {
 public:
  ServedHere(http::Handler& api, apiserver::LocalNodes& nodes, std::string name)
      : nodes_(nodes), name_(std::move(name)) {
    nodes_.serve(name_, api);
  }
  ServedHere(const ServedHere&) = delete;
  ~ServedHere() { nodes_.stop(name_); }

 private:
  apiserver::LocalNodes& nodes_;
  const std::string name_;
};

Task<NodeListening> listen_if_wanted(NodeSideGround ground, const NodeSideOptions& options) {
  if (options.listen == "none") co_return NodeListening{};
  co_return co_await listen_for_node(ground.loop, options.listen,
                                     node::look_at_machine(options.data).address);
}

// Null when somebody else does that.
Task<std::unique_ptr<Traffic>> open_traffic(NodeSideGround ground, client::Client& client,
                                            NodeSideOptions options, node::PodNetwork network, bool here) {
  if (options.no_traffic) co_return nullptr;
  auto traffic = std::make_unique<Traffic>(
      TrafficGround{ground.loop, ground.pool, client, ground.clock, ground.random, ground.log},
      TrafficOptions{.node = options.name,
                     .prefix = options.prefix,
                     .network = std::move(network),
                     .service_ranges = options.service_ranges,
                     .domain = options.cluster_domain,
                     .beside_controllers = here});
  co_await traffic->open();
  co_return std::move(traffic);
}

// What differs between a cluster of this process and one elsewhere.
struct Joined {
  client::Client& node;                    // as system:node:NAME
  client::Client& traffic;                 // as who may see all Services, pods and policies
  std::string authority;                   // PEM, of who may ask the node
  apiserver::LocalNodes* nodes = nullptr;  // of the API server of this process
};

// Who asks right after a restart waits, instead of being told that the pods do not exist.
Task<void> serve_once_known(node::Node& node, NodeServerGround ground, NodeListening& at, http::Handler& api,
                            NodeServerOptions options) {
  co_await node.pods_known();
  co_await serve_node_api(ground, at, api, std::move(options));
}

Task<void> run_node(NodeSideGround ground, Joined cluster, NodeSideOptions options) {
  NodeListening at = co_await listen_if_wanted(ground, options);
  const node::PodNetwork network = co_await node::make_pod_network(
      ground.networks, ground.pool, {.service_ranges = options.service_ranges});
  const auto traffic =
      co_await open_traffic(ground, cluster.traffic, options, network, cluster.nodes != nullptr);
  node::NodeOptions node_wish = node_options(options, at, network);
  if (traffic && traffic->serves_names()) node_wish.cluster_dns = network.addresses.front().to_text();
  const auto node = co_await node::Node::open(
      {ground.loop, ground.pool, cluster.node, ground.engine, ground.events, ground.images, ground.registry,
       ground.networks, ground.probing, ground.random, ground.clock, ground.log, traffic.get()},
      std::move(node_wish));
  const auto api = node_api::make_node_api(
      {ground.loop, ground.engine, node->pods(), ground.clock, ground.log,
       [&node, &traffic] { return traffic ? node->metrics() + traffic->metrics() : node->metrics(); }});
  std::optional<ServedHere> served_here;
  if (cluster.nodes != nullptr) served_here.emplace(*api, *cluster.nodes, options.name);
  io::TaskGroup running(ground.loop);
  if (traffic) running.spawn(traffic->run(), "the network around pods");
  running.spawn(node->run(), "the node");
  if (at.listener)
    running.spawn(serve_once_known(*node, {ground.loop, ground.pool, cluster.node, ground.clock, ground.log},
                                   at, *api, {options.name, options.data + "/node/pki", cluster.authority}),
                  "serve the node's API");
  co_await running.join();
}

Task<void> serve_here(NodeSideGround ground, Cluster& cluster, NodeSideOptions options) {
  const auto own = cluster.resident({.name = "system:node:" + options.name, .groups = {"system:nodes"}});
  const std::string ca = options.data + "/pki/ca.crt";
  // It may see, and write, what the owner of this process may.
  const auto traffic = cluster.resident({.name = "system:kube-proxy", .groups = {"system:masters"}});
  co_await run_node(
      ground,
      {own->client(), traffic->client(), co_await linux::read_file(ca.c_str(), 1 << 20), &cluster.nodes()},
      options);
}

Task<void> serve_elsewhere(NodeSideGround ground, std::string kubeconfig, NodeSideOptions options) {
  const client::ApiAccess access = co_await client::read_kubeconfig(kubeconfig);
  if (access.tls.authorities.empty() && options.listen != "none")
    co_await invalid(
        "{}: names no certificate-authority, whose clients the node's API would believe. "
        "--node-listen none goes without it",
        kubeconfig);
  http::SystemConnector connector(
      ground.loop, ground.resolve,
      [&access](const http::Url&) -> Result<tls::ClientOptions> { return access.tls; });
  http::Client http(ground.loop, connector, {});
  client::NetworkTransport transport(http, access.server, access.token);
  const schema::Schema schema = kube::parse_schema();
  client::Client client(transport, schema);
  co_await run_node(ground, {client, client, access.tls.authorities}, options);
}

// `serve()` until it is cancelled, however often it fails.
Task<void> keep_serving(Log& log, std::string name, std::function<Task<void>()> serve) {
  for (;;) {
    const Result<void> ended = co_await serve().result();
    if (!ended && ended.error().kind() == ErrorKind::cancelled) co_await Result<void>(ended);
    log.error("node {}: {}", name, ended ? "it has ended" : ended.error().message());
    co_await io::sleep(retry_after);
  }
}

Result<NodeSideOptions> completed(NodeSideOptions options) {
  if (options.name.empty()) options.name = node_name_of_machine();
  TRY(make_data_folder(options.data + "/node", 0711));
  return options;
}

}  // namespace

std::string node_name_of_machine() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  std::string lower = name;
  for (char& letter : lower)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return lower;
}

Task<void> serve_node(NodeSideGround ground, Cluster& cluster, NodeSideOptions options) {
  options = co_await completed(std::move(options));
  co_await keep_serving(ground.log, options.name, [&] { return serve_here(ground, cluster, options); });
}

Task<void> serve_node(NodeSideGround ground, std::string kubeconfig, NodeSideOptions options) {
  options = co_await completed(std::move(options));
  co_await keep_serving(ground.log, options.name,
                        [&] { return serve_elsewhere(ground, kubeconfig, options); });
}

}  // namespace podo
