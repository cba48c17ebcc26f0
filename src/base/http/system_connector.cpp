#include "base/http/system_connector.h"

#include <arpa/inet.h>

#include "base/io/combine.h"
#include "base/io/socket.h"

namespace podo::http {
namespace {

constexpr Duration patience_with_an_address = seconds(4);

bool is_numeric(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

Task<std::vector<std::string>> SystemConnector::addresses_of(std::string host) {
  if (is_numeric(host)) co_return std::vector<std::string>{host};
  if (host == "localhost") co_return std::vector<std::string>{"127.0.0.1", "::1"};
  if (!resolve_) co_return not_found("no such host: {}", host);
  co_return co_await resolve_(std::move(host));
}

Task<std::unique_ptr<io::Stream>> SystemConnector::connect_tcp(std::string host, std::uint16_t port) {
  std::vector<std::string> addresses = co_await addresses_of(host);
  Error last(ErrorKind::not_found, text("no such host: {}", host));
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Task<std::unique_ptr<io::Socket>> connecting =
        io::connect_socket(loop_, io::Address::tcp(addresses[i], port));
    if (i + 1 < addresses.size()) connecting = io::deadline(std::move(connecting), patience_with_an_address);
    Result<std::unique_ptr<io::Socket>> socket = co_await std::move(connecting).result();
    if (socket) co_return *std::move(socket);
    last = std::move(socket).error();
    if (last.kind() == ErrorKind::cancelled) break;
  }
  co_return Failure(std::move(last));
}

Result<std::shared_ptr<tls::Context>> SystemConnector::context_of(const Url& url) {
  std::string key = choose_tls_ ? url.origin() : "";
  if (auto found = contexts_.find(key); found != contexts_.end()) return found->second;
  tls::ClientOptions options;
  if (choose_tls_) options = TRY(choose_tls_(url));
  options.protocols = {"http/1.1"};
  auto context = std::make_shared<tls::Context>(TRY(tls::client_context(options)));
  contexts_.emplace(key, context);
  return context;
}

Task<std::unique_ptr<io::Stream>> SystemConnector::connect(const Url& url) {
  if (url.scheme == "unix") co_return co_await io::connect_socket(loop_, io::Address::unix_path(url.host));
  if (url.scheme != "http" && url.scheme != "https")
    co_return invalid("'{}': the scheme is none of http, https and unix", url.to_text());
  std::unique_ptr<io::Stream> stream = co_await connect_tcp(url.host, url.port);
  if (url.scheme == "http") co_return stream;
  std::shared_ptr<tls::Context> context = co_await context_of(url);
  co_return co_await tls::connect(*context, std::move(stream), url.host);
}

}  // namespace podo::http
