#include "cluster/client/transport.h"

namespace podo::client {

Task<http::Response> NetworkTransport::send(http::Request request) {
  request.url.insert(0, server_);
  if (!token_.empty()) request.headers.set("Authorization", "Bearer " + token_);
  return client_.send(std::move(request));
}

}  // namespace podo::client
