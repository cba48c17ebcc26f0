// PodProxy: connections to what listens in pods, for the proxy subresources. Addresses alone, no names; who
// answers over TLS is believed, as upstream does: pods have certificates of nobody. Lives on the loop.
#pragma once

#include "base/http/system_connector.h"

namespace podo::apiserver {

class PodProxy {
 public:
  explicit PodProxy(io::EpollLoop& loop);
  http::Task<http::Client::Upgraded> send(http::Request request);

 private:
  http::SystemConnector connector_;
  http::Client client_;
};

}  // namespace podo::apiserver
