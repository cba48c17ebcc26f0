#include "cluster/connectors/local_nodes.h"

#include "base/io/group.h"
#include "base/io/socket.h"
#include "model/kube/path.h"

namespace podo::apiserver {

using http::Task;

// Who asks is the API server: the node's API takes only its word.
struct LocalNodes::Local final : http::Connector {
  Local(io::EpollLoop& on, http::Handler& handler, Log& log)
      : loop(on), server(on, handler, log, {.idle_after = seconds(40)}), client(on, *this, {}), serving(on) {}

  Task<std::unique_ptr<io::Stream>> connect(const http::Url&) override {
    io::SocketPair pair = co_await io::socket_pair(loop);
    serving.spawn(
        server.serve_connection(std::move(pair.left), {.certificate_name = "system:kube-apiserver"}),
        "the API of a node in this process");
    co_return std::unique_ptr<io::Stream>(std::move(pair.right));
  }

  io::EpollLoop& loop;
  http::Server server;
  http::Client client;
  io::TaskGroup serving;  // dies first
};

LocalNodes::LocalNodes(io::EpollLoop& loop, Log& log, NodeConnector* others)
    : loop_(loop), log_(log), others_(others) {}
LocalNodes::~LocalNodes() = default;

void LocalNodes::serve(std::string name, http::Handler& handler) {
  local_.insert_or_assign(std::move(name), std::make_unique<Local>(loop_, handler, log_));
}

void LocalNodes::stop(const std::string& name) { local_.erase(name); }

Task<http::Client::Upgraded> LocalNodes::send(const json::Item& node, http::Request request) {
  const auto found = local_.find(kube::text_at(node, "metadata.name"));
  if (found == local_.end()) {
    if (others_ != nullptr) co_return co_await others_->send(node, std::move(request));
    co_return unavailable("node \"{}\" cannot be reached", kube::text_at(node, "metadata.name"));
  }
  http::Client& client = found->second->client;
  request.url.insert(0, "http://node");
  if (request.headers.find("Upgrade")) co_return co_await client.upgrade(std::move(request));
  http::Client::Upgraded answer;
  answer.response = co_await client.send(std::move(request));
  co_return answer;
}

}  // namespace podo::apiserver
