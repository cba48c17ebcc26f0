// RemoteNodes: nodes elsewhere, over TLS. A node is asked at an address of its status, the internal one
// first, at the port status.daemonEndpoints.kubeletEndpoint. It must show a certificate of `authorities` for
// that address; this side shows `identity`, which the node believes to be the API server's; connections
// begin with a new one after it has been renewed. Lives on the loop.
#pragma once

#include "base/http/system_connector.h"
#include "cluster/connectors/node_connector.h"

namespace podo::apiserver {

class RemoteNodes final : public NodeConnector {
 public:
  RemoteNodes(io::EpollLoop& loop, std::string authorities, tls::Identity identity);
  http::Task<http::Client::Upgraded> send(const json::Item& node, http::Request request) override;
  void renew(tls::Identity identity);

 private:
  const std::string authorities_;
  tls::Identity identity_;
  http::SystemConnector connector_;
  http::Client client_;
};

// "https://10.0.0.7:10250"; unavailable when its status does not say.
Result<std::string> node_origin(const json::Item& node);

}  // namespace podo::apiserver
