// Connections of this machine for an http::Client: unix sockets, TCP, and TLS over it.
//
// A host that is a numeric address, and localhost, need no resolver. The addresses of a name are tried in
// their order, each for a share of the time, and the last failure is told. Lives on one EpollLoop; TLS is set
// up with the first https connection.
#pragma once

#include <map>

#include "base/http/client.h"
#include "base/io/epoll_loop.h"
#include "base/tls/tls.h"

namespace podo::http {

class SystemConnector final : public Connector {
 public:
  // Numeric addresses of a name; not_found when it has none.
  using Resolve = std::function<Task<std::vector<std::string>>(std::string host)>;
  // How a server is to be trusted, by its origin's Url; called once for each origin.
  using ChooseTls = std::function<Result<tls::ClientOptions>(const Url& url)>;

  SystemConnector(io::EpollLoop& loop, Resolve resolve, ChooseTls choose_tls = nullptr)
      : loop_(loop), resolve_(std::move(resolve)), choose_tls_(std::move(choose_tls)) {}

  Task<std::unique_ptr<io::Stream>> connect(const Url& url) override;
  // After the options of origins have changed: connections from now on are made with the new ones.
  void forget_tls() { contexts_.clear(); }

 private:
  Task<std::vector<std::string>> addresses_of(std::string host);
  Task<std::unique_ptr<io::Stream>> connect_tcp(std::string host, std::uint16_t port);
  Result<std::shared_ptr<tls::Context>> context_of(const Url& url);

  io::EpollLoop& loop_;
  Resolve resolve_;
  ChooseTls choose_tls_;
  std::map<std::string, std::shared_ptr<tls::Context>> contexts_;  // by origin; "" for the usual one
};

}  // namespace podo::http
