#include "cluster/connectors/pod_proxy.h"

namespace podo::apiserver {
namespace {

using http::Task;

Task<std::vector<std::string>> no_names(std::string host) { co_return not_found("no such host: {}", host); }

Result<tls::ClientOptions> believe(const http::Url&) {
  return tls::ClientOptions{.verify = false, .protocols = {"http/1.1"}};
}

}  // namespace

PodProxy::PodProxy(io::EpollLoop& loop)
    : connector_(loop, no_names, believe), client_(loop, connector_, {}) {}

Task<http::Client::Upgraded> PodProxy::send(http::Request request) {
  if (request.headers.find("Upgrade")) co_return co_await client_.upgrade(std::move(request));
  http::Client::Upgraded answer;
  answer.response = co_await client_.send(std::move(request));
  co_return answer;
}

}  // namespace podo::apiserver
