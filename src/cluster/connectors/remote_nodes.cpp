#include "cluster/connectors/remote_nodes.h"

#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using http::Task;

// Names of nodes are not asked for: their addresses stand in their status.
Task<std::vector<std::string>> no_names(std::string host) { co_return not_found("no such host: {}", host); }

}  // namespace

Result<std::string> node_origin(const json::Item& node) {
  const std::int64_t port = kube::number_at(node, "status.daemonEndpoints.kubeletEndpoint.Port");
  if (port <= 0 || port > 0xffff)
    return unavailable("node \"{}\" does not say at which port it is", kube::text_at(node, "metadata.name"));
  for (const std::string_view wanted : {"InternalIP", "ExternalIP"})
    for (const json::Item& address : kube::children_at(node, "status.addresses")) {
      const std::string_view host = kube::text_at(address, "address");
      if (kube::text_at(address, "type") != wanted || host.empty()) continue;
      return host.contains(':') ? text("https://[{}]:{}", host, port) : text("https://{}:{}", host, port);
    }
  return unavailable("no preferred addresses found; known addresses: []");
}

RemoteNodes::RemoteNodes(io::EpollLoop& loop, std::string authorities, tls::Identity identity)
    : authorities_(std::move(authorities)),
      identity_(std::move(identity)),
      connector_(loop, no_names,
                 [this](const http::Url&) -> Result<tls::ClientOptions> {
                   return tls::ClientOptions{
                       .trust_system = false, .authorities = authorities_, .identity = identity_};
                 }),
      client_(loop, connector_, {}) {}

void RemoteNodes::renew(tls::Identity identity) {
  identity_ = std::move(identity);
  connector_.forget_tls();
}

Task<http::Client::Upgraded> RemoteNodes::send(const json::Item& node, http::Request request) {
  request.url.insert(0, co_await node_origin(node));
  if (request.headers.find("Upgrade")) co_return co_await client_.upgrade(std::move(request));
  http::Client::Upgraded answer;
  answer.response = co_await client_.send(std::move(request));
  co_return answer;
}

}  // namespace podo::apiserver
