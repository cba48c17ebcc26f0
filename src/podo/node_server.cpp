#include "podo/node_server.h"

#include "base/io/system_disk.h"
#include "base/io/timer.h"
#include "cluster/node_api/guard.h"
#include "model/kube/path.h"
#include "podo/beginning.h"
#include "podo/node_certificate.h"

namespace podo {
namespace {

using io::Task;

constexpr Duration look_at_certificate_every = seconds(3600);

json::Tree review_of(const node_api::Asked& asked, std::string_view node) {
  json::Tree tree;
  json::Item& spec = tree.root().member("spec");
  spec.member("user").set_string(asked.user);
  for (const std::string& group : asked.groups) spec.member("groups").append().set_string(group);
  json::Item& wanted = spec.member("resourceAttributes");
  wanted.member("verb").set_string(asked.verb);
  wanted.member("version").set_string("v1");
  wanted.member("resource").set_string("nodes");
  wanted.member("subresource").set_string(asked.subresource);
  wanted.member("name").set_string(node);
  return tree;
}

Task<bool> ask_server(client::Client& client, std::string node, node_api::Asked asked) {
  const json::Tree answer =
      co_await client.create({.resource = client.resource("authorization.k8s.io", "subjectaccessreviews")},
                             review_of(asked, node).root());
  co_return kube::is_true_at(answer.root(), "status.allowed");
}

Result<tls::Context> context_of(tls::Identity identity, const std::string& authority) {
  return tls::server_context({.identity = std::move(identity),
                              .client_authorities = authority,
                              .client_certificates = tls::ClientCertificates::optional,
                              .protocols = {"http/1.1"}});
}

// New connections see the new one.
Task<void> renew(NodeCertificateGround ground, NodeCertificateWish wish, tls::Context& context) {
  for (;;) {
    co_await io::sleep(look_at_certificate_every);
    context = co_await context_of(co_await node_certificate(ground, wish), wish.authority);
  }
}

}  // namespace

Task<NodeListening> listen_for_node(io::EpollLoop& loop, std::string place, std::string own_address) {
  if (place.starts_with(':'))
    place.insert(0, own_address.contains(':') ? text("[{}]", own_address) : own_address);
  const io::Address wanted = co_await io::Address::parse("tcp:" + place);
  auto listener = co_await io::listen_socket(loop, wanted).result();
  if (!listener)
    co_await fail(listener.error().kind(),
                  text("the node's API at {}: {}. --node-listen ADDRESS:PORT chooses another place", place,
                       listener.error().message()));
  const bool is_any = wanted.host == "0.0.0.0" || wanted.host == "::";
  NodeListening at{.listener = *std::move(listener), .address = is_any ? own_address : wanted.host};
  at.port = at.listener->address().port;
  co_return at;
}

Task<void> serve_node_api(NodeServerGround ground, NodeListening& at, http::Handler& api,
                          NodeServerOptions options) {
  co_await make_data_folder(options.folder, 0700);
  io::SystemDisk disk(ground.pool);
  const NodeCertificateGround asking{disk, ground.client, ground.clock, ground.log};
  const NodeCertificateWish wish{options.node, at.address, options.folder, options.authority};
  tls::Context context = co_await context_of(co_await node_certificate(asking, wish), options.authority);
  ground.log.info("node {}: serving its API at {}:{}", options.node, at.address, at.port);
  node_api::Guard guard(api, ground.clock, [&](node_api::Asked asked) {
    return ask_server(ground.client, options.node, std::move(asked));
  });
  http::Server server(ground.loop, guard, ground.log, {});
  io::TaskGroup serving(ground.loop);
  serving.spawn(renew(asking, wish, context), "renew the certificate of the node's API");
  serving.spawn(server.serve(*at.listener, &context), "the node's API");
  co_await serving.join();
}

}  // namespace podo
