// The daemon as commands see it: calls of its Docker Engine API.
//
//   json::Document list = co_await daemon.get("/containers/json", query);
//
// Paths have no version: the daemon answers in its newest one. Its refusals become Errors with its message,
// "Error response from daemon: ..." before it. Lives on one loop.
#pragma once

#include "base/format/json.h"
#include "base/http/client.h"
#include "base/http/system_connector.h"

namespace podo::cli {

// Where it listens: "unix:///run/podo/docker.sock", "tcp://host:2375" (TLS with DOCKER_TLS_VERIFY and
// DOCKER_CERT_PATH), "http://...", "https://...". Empty: PODO_HOST, DOCKER_HOST, or the default.
std::string daemon_address(std::string_view asked);

class Daemon {
 public:
  static Result<std::unique_ptr<Daemon>> at(io::EpollLoop& loop, std::string address);

  using Query = http::Query;
  using Headers = http::Headers;
  io::Task<json::Document> get(std::string path, Query query = {});
  // `body` is JSON, or empty. An answer without a body is null.
  io::Task<json::Document> post(std::string path, Query query = {}, std::string body = {},
                                Headers headers = {});
  io::Task<json::Document> remove(std::string path, Query query = {});

  // Any request; an answer that is no success has become an Error.
  struct Ask {
    std::string method, path;
    Query query = {};
    Headers headers = {};
    std::string body = {};
    http::Body* streamed = nullptr;
    std::optional<std::uint64_t> size = {};
  };
  io::Task<http::Response> ask(Ask ask);
  // The connection after the answer's head.
  io::Task<std::unique_ptr<io::Stream>> hijack(Ask ask);

  // What is read line by line: each JSON value of a body that goes on. `take` returns false to stop.
  using TakeValue = std::function<Result<bool>(json::Value value)>;
  static io::Task<void> each_value(http::Body& body, TakeValue take);

  const std::string& address() const { return address_; }
  io::EpollLoop& loop() { return loop_; }

 private:
  Daemon(io::EpollLoop& loop, std::string address, std::string base, tls::ClientOptions tls);
  http::Request request_of(Ask ask) const;
  Error unreachable(Error error) const;

  io::EpollLoop& loop_;
  std::string address_, base_;
  http::SystemConnector connector_;
  http::Client client_;
};

// "{"label":["a","b"]}" of the values "label=a", "label=b": what list and prune calls take as `filters`.
Result<std::string> filters_json(const std::vector<std::string>& filters);

std::string get_text(json::Value object, std::string_view member);  // "" when absent
std::int64_t get_number(json::Value object, std::string_view member);
bool get_truth(json::Value object, std::string_view member);

}  // namespace podo::cli
