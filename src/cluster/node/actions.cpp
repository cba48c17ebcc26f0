#include "cluster/node/actions.h"

#include <signal.h>

#include <charconv>

#include "base/core/ensure.h"
#include "base/io/combine.h"
#include "base/io/socket.h"
#include "cluster/node/grpc_health.h"
#include "cluster/pod/lifecycle.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::find_at;
using kube::text_at;

constexpr std::size_t output_bytes_max = 10 << 10;
constexpr std::size_t frame_head = 8;  // of the engine's multiplexed output

// The bytes behind the heads of frames; what is cut off at the end is left out.
std::string unframed(std::string_view frames) {
  std::string out;
  while (frames.size() >= frame_head) {
    std::size_t size = 0;
    for (std::size_t i = 4; i < frame_head; ++i) size = size << 8 | static_cast<unsigned char>(frames[i]);
    frames.remove_prefix(frame_head);
    out.append(frames.substr(0, size));
    frames.remove_prefix(std::min(size, frames.size()));
  }
  return out;
}

Task<void> read_output(io::Stream& stream, std::string& into) {
  std::string piece(16 << 10, '\0');
  for (;;) {
    const std::size_t count = co_await stream.read(io::writable_bytes_of(piece));
    if (count == 0) co_return;
    if (into.size() < output_bytes_max) into.append(piece, 0, count);
  }
}

std::string quoted_url(const http::Url& url) { return text("\"{}\"", url.to_text()); }

http::Headers headers_of(const json::Item& request) {
  http::Headers headers;
  bool agent = false, accept = false;
  for (const json::Item& header : kube::children_at(request, "httpHeaders")) {
    const std::string_view name = text_at(header, "name"), value = text_at(header, "value");
    agent |= http::same_name(name, "User-Agent");
    accept |= http::same_name(name, "Accept");
    // An empty one takes the usual one away.
    if (!value.empty()) headers.add(std::string(name), std::string(value));
  }
  if (!agent) headers.add("User-Agent", "kube-probe/1.36");
  if (!accept) headers.add("Accept", "*/*");
  headers.set("Connection", "close");
  return headers;
}

Result<http::Url> url_of(const json::Item& request, const Target& target) {
  const std::uint16_t port = TRY(target.port(request.find("port")));
  const std::string_view wanted = text_at(request, "host");
  const std::string host = wanted.empty() ? target.pod_ip : std::string(wanted);
  std::string path(text_at(request, "path"));
  if (!path.starts_with('/')) path.insert(0, "/");
  const std::string_view scheme = text_at(request, "scheme") == "HTTPS" ? "https" : "http";
  const std::string authority = host.contains(':') ? text("[{}]", host) : host;
  return http::Url::parse(text("{}://{}:{}{}", scheme, authority, port, path));
}

struct Page {
  int status = 0;
  std::string body, location;
};

Task<Page> fetch(ActionGround ground, http::Url url, http::Headers headers) {
  http::Response answer = co_await ground.http.send({.url = url.to_text(), .headers = std::move(headers)});
  Page page{.status = answer.status, .body = {}, .location = std::string(answer.headers.get("Location"))};
  auto body = co_await http::read_all(*answer.body, output_bytes_max).result();
  if (body) page.body = *std::move(body);
  else if (body.error().kind() != ErrorKind::exhausted) co_await Failure(body.error());
  co_return page;
}

Task<Outcome> follow(ActionGround ground, json::Tree request, Target target) {
  http::Url url = co_await url_of(request.root(), target);
  for (int hops = 0; hops <= 10; ++hops) {
    Page page = co_await fetch(ground, url, headers_of(request.root()));
    if (page.status >= 300 && page.status < 400 && !page.location.empty()) {
      http::Url next = co_await url.resolve(page.location);
      // Elsewhere may be anywhere: that the container answers is all that was asked.
      if (next.host != url.host)
        co_return Outcome{true, true, text("Probe terminated redirects, Response body: {}", page.body)};
      url = std::move(next);
      continue;
    }
    if (page.status >= 200 && page.status < 400) co_return Outcome{true, false, std::move(page.body)};
    co_return Outcome{false, false, text("HTTP probe failed with statuscode: {}", page.status), true};
  }
  co_return Outcome{false, false, text("Get {}: stopped after 10 redirects", quoted_url(url))};
}

void end_process(engine::Engine& engine, const std::string& exec) {
  const Result<engine::ExecPtr> known = engine.get_exec(exec);
  if (known && (*known)->running && (*known)->pid > 0) ::kill((*known)->pid, SIGKILL);
}

std::string time_out_words(const Error& error, std::string_view otherwise) {
  return error.system_errno() == ETIMEDOUT ? std::string(otherwise) : error.message();
}

}  // namespace

Target Target::of(const json::Item& container, std::string id, std::string pod_ip) {
  Target target{std::move(id), std::move(pod_ip), {}};
  for (const json::Item& port : kube::children_at(container, "ports"))
    target.ports.emplace_back(text_at(port, "name"),
                              static_cast<std::uint16_t>(kube::number_at(port, "containerPort")));
  return target;
}

Result<std::uint16_t> Target::port(const json::Item* port) const {
  std::int64_t number = port != nullptr ? port->as_int64().value_or(0) : 0;
  if (port != nullptr && port->is(json::Kind::string)) {
    const std::string_view name = port->string();
    for (const auto& [known, value] : ports)
      if (known == name) return value;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number == 0) return invalid("couldn't find port: \"{}\"", name);
  }
  if (number <= 0 || number > 65535) return invalid("invalid port number: {}", number);
  return static_cast<std::uint16_t>(number);
}

Task<Outcome> run_command(ActionGround ground, std::vector<std::string> command, std::string id,
                          Duration within) {
  docker::ExecConfig config;
  config.attach_stdout = config.attach_stderr = true;
  config.cmd = std::move(command);
  ENSURE(ground.engine != nullptr);
  const std::string exec = co_await ground.engine->create_exec(id, std::move(config));
  std::unique_ptr<io::Stream> stream = co_await ground.engine->start_exec(exec, {});
  std::string frames;
  const Result<void> read = co_await io::deadline(read_output(*stream, frames), within).result();
  if (!read) {
    end_process(*ground.engine, exec);
    if (read.error().system_errno() != ETIMEDOUT) co_await Failure(read.error());
    co_return Outcome{false, false,
                      text("command timed out: timed out after {}", pod::duration_text(within))};
  }
  // Its output has ended; its exit code follows at once.
  const auto code = co_await io::deadline(ground.engine->wait_exec(exec), seconds(1)).result();
  if (!code && code.error().kind() == ErrorKind::cancelled) co_await Failure(code.error());
  co_return Outcome{code && *code == 0, false, unframed(frames)};
}

Task<Outcome> get_page(ActionGround ground, json::Tree request, Target target, Duration within) {
  auto url = url_of(request.root(), target);
  if (!url) co_return Failure(url.error());
  Result<Outcome> outcome =
      co_await io::deadline(follow(ground, std::move(request), target), within).result();
  if (outcome) co_return *std::move(outcome);
  if (outcome.error().kind() == ErrorKind::cancelled) co_return Failure(outcome.error());
  co_return Outcome{false, false,
                    text("Get {}: {}", quoted_url(*url),
                         time_out_words(outcome.error(),
                                        "context deadline exceeded (Client.Timeout exceeded while awaiting "
                                        "headers)"))};
}

Task<Outcome> open_connection(ActionGround ground, std::string host, std::uint16_t port, Duration within) {
  const auto opened =
      co_await io::deadline(io::connect_socket(ground.loop, io::Address::tcp(host, port)), within).result();
  if (opened) co_return Outcome{true, false, ""};
  if (opened.error().kind() == ErrorKind::cancelled) co_return Failure(opened.error());
  const std::string where = host.contains(':') ? text("[{}]:{}", host, port) : text("{}:{}", host, port);
  co_return Outcome{false, false,
                    text("dial tcp {}: {}", where, time_out_words(opened.error(), "i/o timeout"))};
}

Task<Outcome> act(ActionGround ground, json::Tree handler, Target target, Duration within) {
  const json::Item& what = handler.root();
  if (const json::Item* exec = find_at(what, "exec")) {
    std::vector<std::string> command;
    for (const json::Item& word : kube::children_at(*exec, "command"))
      command.emplace_back(word.string_or(""));
    co_return co_await run_command(ground, std::move(command), target.id, within);
  }
  if (const json::Item* page = find_at(what, "httpGet"))
    co_return co_await get_page(ground, json::Tree::copy_of(*page), std::move(target), within);
  if (const json::Item* socket = find_at(what, "tcpSocket")) {
    const std::uint16_t port = co_await target.port(socket->find("port"));
    const std::string_view host = text_at(*socket, "host");
    co_return co_await open_connection(ground, host.empty() ? target.pod_ip : std::string(host), port,
                                       within);
  }
  if (const json::Item* grpc = find_at(what, "grpc")) {
    const std::uint16_t port = co_await target.port(grpc->find("port"));
    co_return co_await ask_health(ground, target.pod_ip, port, std::string(text_at(*grpc, "service")),
                                  within);
  }
  if (const json::Item* pause = find_at(what, "sleep")) {
    co_await io::sleep(seconds(kube::number_at(*pause, "seconds")));
    co_return Outcome{true, false, ""};
  }
  co_return invalid("missing probe handler");
}

}  // namespace podo::node
