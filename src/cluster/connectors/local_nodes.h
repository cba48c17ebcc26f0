// LocalNodes: a node of this process is asked through a pair of sockets, as if it were elsewhere: so upgraded
// connections, half closes and who is held back are the kernel's to keep, and there is one kind of them.
// Other nodes are `others`'s, if there is one.
//
//   LocalNodes nodes(loop, log);
//   nodes.serve("here", handler);      // the node's API; until stop()
//
// Lives on the loop; dies before the handler.
#pragma once

#include <map>
#include <memory>

#include "base/core/log.h"
#include "base/http/server.h"
#include "base/io/epoll_loop.h"
#include "cluster/connectors/node_connector.h"

namespace podo::apiserver {

class LocalNodes final : public NodeConnector {
 public:
  LocalNodes(io::EpollLoop& loop, Log& log, NodeConnector* others = nullptr);
  ~LocalNodes() override;
  void serve(std::string name, http::Handler& handler);
  void stop(const std::string& name);
  http::Task<http::Client::Upgraded> send(const json::Item& node, http::Request request) override;

 private:
  struct Local;
  io::EpollLoop& loop_;
  Log& log_;
  NodeConnector* others_;
  std::map<std::string, std::unique_ptr<Local>, std::less<>> local_;
};

}  // namespace podo::apiserver
