#include "cli/console/daemon.h"

#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <map>

#include "base/format/json_writer.h"

namespace podo::cli {
namespace {

using io::Task;

constexpr std::size_t answer_max = 256 << 20;

std::string_view environment(const char* name) {
  const char* value = ::getenv(name);
  return value != nullptr ? value : "";
}

Result<std::string> read_small_file(const std::string& path) {
  io::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failed_errno(errno, "open {}", path);
  std::string bytes(1 << 20, '\0');
  ssize_t count = ::read(fd.get(), bytes.data(), bytes.size());
  if (count < 0) return failed_errno(errno, "read {}", path);
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

// What docker keeps in a folder: ca.pem, cert.pem, key.pem.
Result<tls::ClientOptions> tls_from_environment() {
  tls::ClientOptions options;
  std::string folder(environment("DOCKER_CERT_PATH"));
  if (folder.empty()) folder = std::string(environment("HOME")) + "/.docker";
  options.verify = !environment("DOCKER_TLS_VERIFY").empty();
  if (options.verify) {
    options.trust_system = false;
    options.authorities = TRY(read_small_file(folder + "/ca.pem"));
  }
  Result<std::string> certificate = read_small_file(folder + "/cert.pem");
  if (certificate) options.identity = {*certificate, TRY(read_small_file(folder + "/key.pem"))};
  return options;
}

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 400: return ErrorKind::invalid;
    case 401: return ErrorKind::unauthenticated;
    case 403: return ErrorKind::denied;
    case 404: return ErrorKind::not_found;
    case 409: return ErrorKind::conflict;
    case 501: return ErrorKind::unsupported;
    case 503: return ErrorKind::unavailable;
    default: return ErrorKind::internal;
  }
}

Task<Failure> refusal_of(http::Response response) {
  std::string body = co_await http::read_all(*response.body, 1 << 20);
  Result<json::Document> document = json::parse(body);
  std::string message = document ? get_text(document->root(), "message") : "";
  while (body.ends_with('\n')) body.pop_back();
  if (message.empty()) message = body.empty() ? std::string(http::reason_of(response.status)) : body;
  co_return fail(kind_of_status(response.status), text("Error response from daemon: {}", message));
}

}  // namespace

std::string daemon_address(std::string_view asked) {
  for (std::string_view address : {asked, environment("PODO_HOST"), environment("DOCKER_HOST")})
    if (!address.empty()) return std::string(address);
  return "unix:///run/podo/docker.sock";
}

Result<std::unique_ptr<Daemon>> Daemon::at(io::EpollLoop& loop, std::string address) {
  std::string_view rest = address;
  std::string base;
  tls::ClientOptions tls;
  if (rest.starts_with("unix://")) {
    base = "unix://" + http::percent_encode(rest.substr(7));
  } else if (rest.starts_with('/')) {
    base = "unix://" + http::percent_encode(rest);
  } else if (rest.starts_with("tcp://") || rest.starts_with("http")) {
    bool secure = !environment("DOCKER_TLS_VERIFY").empty() || !environment("DOCKER_TLS").empty() ||
                  rest.starts_with("https://");
    if (secure) tls = TRY(tls_from_environment());
    base = (secure ? "https" : "http") + std::string(rest.substr(rest.find("://")));
    while (base.ends_with('/')) base.pop_back();
  } else {
    return invalid("'{}' is no address of a daemon: unix:///PATH and tcp://HOST:PORT are", address);
  }
  TRY(http::Url::parse(base));
  return std::unique_ptr<Daemon>(new Daemon(loop, std::move(address), std::move(base), std::move(tls)));
}

Daemon::Daemon(io::EpollLoop& loop, std::string address, std::string base, tls::ClientOptions tls)
    : loop_(loop),
      address_(std::move(address)),
      base_(std::move(base)),
      connector_(loop, nullptr,
                 [tls = std::move(tls)](const http::Url&) -> Result<tls::ClientOptions> { return tls; }),
      client_(loop, connector_, {}) {}

http::Request Daemon::request_of(Ask ask) const {
  std::string query = ask.query.to_text();
  http::Request request{.method = std::move(ask.method),
                        .url = base_ + ask.path + (query.empty() ? "" : "?") + query,
                        .headers = std::move(ask.headers),
                        .body = std::move(ask.body),
                        .streamed_body = ask.streamed,
                        .body_size = ask.size};
  bool has_type = request.headers.find("Content-Type").has_value();
  if (!request.body.empty() && !has_type) request.headers.add("Content-Type", "application/json");
  return request;
}

Error Daemon::unreachable(Error error) const {
  int reason = error.system_errno();
  if (reason != ECONNREFUSED && reason != ENOENT && reason != EACCES) return error;
  return Error(error.kind(),
               text("Cannot connect to the Podo daemon at {}: {}. Is the podo daemon running? (`podo serve`)",
                    address_, describe_errno(reason)),
               reason);
}

Task<http::Response> Daemon::ask(Ask ask) {
  Result<http::Response> response = co_await client_.send(request_of(std::move(ask))).result();
  if (!response) co_return Failure(unreachable(std::move(response).error()));
  if (response->status >= 400) co_return co_await refusal_of(*std::move(response));
  co_return *std::move(response);
}

Task<std::unique_ptr<io::Stream>> Daemon::hijack(Ask ask) {
  Result<http::Client::Upgraded> answer = co_await client_.upgrade(request_of(std::move(ask))).result();
  if (!answer) co_return Failure(unreachable(std::move(answer).error()));
  if (answer->stream == nullptr) co_return co_await refusal_of(std::move(answer->response));
  co_return std::move(answer->stream);
}

namespace {

Task<json::Document> document_of(http::Response response) {
  std::string body = co_await http::read_all(*response.body, answer_max);
  bool blank = body.find_first_not_of(" \r\n") == std::string::npos;
  if (blank) body = "null";
  co_return co_await json::parse(std::move(body), {.bytes_max = answer_max});
}

}  // namespace

Task<json::Document> Daemon::get(std::string path, Query query) {
  co_return co_await document_of(
      co_await ask({.method = "GET", .path = std::move(path), .query = std::move(query)}));
}

Task<json::Document> Daemon::post(std::string path, Query query, std::string body, Headers headers) {
  co_return co_await document_of(co_await ask({.method = "POST",
                                               .path = std::move(path),
                                               .query = std::move(query),
                                               .headers = std::move(headers),
                                               .body = std::move(body)}));
}

Task<json::Document> Daemon::remove(std::string path, Query query) {
  co_return co_await document_of(
      co_await ask({.method = "DELETE", .path = std::move(path), .query = std::move(query)}));
}

Task<void> Daemon::each_value(http::Body& body, TakeValue take) {
  std::string pending, bytes(32 << 10, '\0');
  for (;;) {
    std::size_t count = co_await body.read(io::writable_bytes_of(bytes));
    pending.append(bytes, 0, count);
    std::size_t start = 0;
    for (std::size_t end = 0; start < pending.size(); start = end + 1) {
      end = pending.find('\n', start);
      if (end == std::string::npos && count > 0) break;
      end = std::min(end, pending.size());
      std::string_view line = std::string_view(pending).substr(start, end - start);
      if (line.find_first_not_of(" \r") == std::string_view::npos) continue;
      json::Document document = co_await json::parse(std::string(line), {.bytes_max = answer_max});
      if (!co_await take(document.root())) co_return;
    }
    pending.erase(0, std::min(start, pending.size()));
    if (count == 0) co_return;
  }
}

Result<std::string> filters_json(const std::vector<std::string>& filters) {
  std::map<std::string, std::vector<std::string>> grouped;
  for (const std::string& filter : filters) {
    std::size_t equals = filter.find('=');
    if (equals == std::string::npos)
      return invalid(
          "invalid argument \"{}\" for \"-f, --filter\" flag: bad format of filter (expected name=value)",
          filter);
    grouped[filter.substr(0, equals)].push_back(filter.substr(equals + 1));
  }
  json::Writer out;
  out.object();
  for (const auto& [name, values] : grouped) {
    out.key(name).array();
    for (const std::string& value : values) out.string(value);
    out.end();
  }
  out.end();
  return out.take();
}

std::string get_text(json::Value object, std::string_view member) {
  json::Value value = object.find(member);
  return value.is(json::Kind::string) ? std::string(value.string()) : "";
}
std::int64_t get_number(json::Value object, std::string_view member) {
  return object.find(member).as_int64().value_or(0);
}
bool get_truth(json::Value object, std::string_view member) {
  json::Value value = object.find(member);
  return value.is(json::Kind::boolean) && value.boolean();
}

}  // namespace podo::cli
