// Transport: how requests get to an API server. Two makers:
//
//   NetworkTransport  over an http::Client: TLS, with a client certificate or a token
//   LocalTransport    an API server of this process: its handler is called, nothing is encoded for a wire
//
// `url` of a request is a target here ("/api/v1/pods?limit=500"). The answer's body comes as the server
// writes it: who does not read it holds the server back after a megabyte; who drops it is, to the server, a
// peer that has gone. A transport lives on one loop, and longer than the answers it gave.
#pragma once

#include <memory>
#include <string>

#include "base/http/client.h"
#include "base/http/server.h"
#include "base/io/group.h"

namespace podo::client {

using io::Task;

class Transport {
 public:
  virtual ~Transport() = default;
  virtual Task<http::Response> send(http::Request request) = 0;
};

class NetworkTransport final : public Transport {
 public:
  // `server`: "https://10.0.0.1:6443". `token`: "" when the connections of `client` say who asks.
  NetworkTransport(http::Client& client, std::string server, std::string token = {})
      : client_(client), server_(std::move(server)), token_(std::move(token)) {}
  Task<http::Response> send(http::Request request) override;

 private:
  http::Client& client_;
  const std::string server_, token_;
};

class LocalTransport final : public Transport {
 public:
  // `as`: who asks, as a client certificate would say it.
  LocalTransport(io::Loop& loop, http::Handler& handler, http::Peer as)
      : loop_(loop), handler_(handler), as_(std::move(as)) {}
  Task<http::Response> send(http::Request request) override;

 private:
  io::Loop& loop_;
  http::Handler& handler_;
  const http::Peer as_;
};

}  // namespace podo::client
