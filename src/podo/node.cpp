#include "podo/node.h"

#include <unistd.h>

#include "base/io/timer.h"
#include "cluster/node_api/node_api.h"
#include "model/kube/schema.h"
#include "podo/beginning.h"
#include "podo/kubeconfig.h"

namespace podo {
namespace {

using io::Task;

constexpr Duration retry_after = seconds(5);

node::NodeOptions node_options(const NodeSideOptions& options) {
  node::NodeOptions node{.name = options.name, .data_folder = options.data + "/node"};
  node.static_pods_folder = options.static_pods_folder;
  node.control_group = options.control_group;
  return node;
}

Task<std::unique_ptr<node::Node>> open_node(NodeSideGround ground, client::Client& client,
                                            NodeSideOptions options) {
  co_return co_await node::Node::open(
      {ground.loop, ground.pool, client, ground.engine, ground.events, ground.images, ground.registry,
       ground.networks, ground.probing, ground.random, ground.clock, ground.log},
      node_options(options));
}

// The API server of this process passes on to it what is the node's to answer.
class ServedHere {
 public:
  ServedHere(NodeSideGround ground, node::Node& node, apiserver::LocalNodes& nodes, std::string name)
      : nodes_(nodes),
        name_(std::move(name)),
        api_(node_api::make_node_api({ground.loop, ground.engine, node.pods(), ground.clock, ground.log,
                                      [&node] { return node.metrics(); }})) {
    nodes_.serve(name_, *api_);
  }
  ServedHere(const ServedHere&) = delete;
  ~ServedHere() { nodes_.stop(name_); }

 private:
  apiserver::LocalNodes& nodes_;
  const std::string name_;
  const std::unique_ptr<http::Handler> api_;
};

Task<void> serve_here(NodeSideGround ground, Cluster& cluster, NodeSideOptions options) {
  const auto own = cluster.resident({.name = "system:node:" + options.name, .groups = {"system:nodes"}});
  const auto node = co_await open_node(ground, own->client(), options);
  const ServedHere served(ground, *node, cluster.nodes(), options.name);
  co_await node->run();
}

Task<void> serve_elsewhere(NodeSideGround ground, std::string kubeconfig, NodeSideOptions options) {
  const ApiAccess access = co_await read_kubeconfig(kubeconfig);
  http::SystemConnector connector(
      ground.loop, ground.resolve,
      [&access](const http::Url&) -> Result<tls::ClientOptions> { return access.tls; });
  http::Client http(ground.loop, connector, {});
  client::NetworkTransport transport(http, access.server, access.token);
  const schema::Schema schema = kube::parse_schema();
  client::Client client(transport, schema);
  const auto node = co_await open_node(ground, client, options);
  co_await node->run();
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
