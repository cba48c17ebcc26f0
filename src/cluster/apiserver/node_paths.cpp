// What only the node of a pod can do: its logs, exec, attach, portforward. The query is checked here and
// said in the node's words; the node does the rest, and bytes are passed on.
#include "base/http/websocket.h"
#include "base/io/combine.h"
#include "cluster/apiserver/hooks.h"
#include "cluster/apiserver/log_socket.h"
#include "cluster/apiserver/pod_options.h"
#include "cluster/apiserver/relay.h"
#include "cluster/apiserver/verbs.h"
#include "cluster/apiserver/write.h"
#include "cluster/audit/audit.h"
#include "cluster/connectors/node_connector.h"
#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using json::Item;

constexpr std::size_t refusal_bytes_max = 50'000;

std::string path_of(std::initializer_list<std::string_view> words) {
  std::string path;
  for (const std::string_view word : words) path += "/" + http::percent_encode(word);
  return path;
}

std::string target_of(std::string path, const http::Query& query) {
  const std::string words = query.to_text();
  return words.empty() ? path : path + "?" + words;
}

// What a node refuses in text is said as a Status.
kube::Status refused_by_node(const Request& request, int code, std::string why) {
  while (!why.empty() && (why.back() == '\n' || why.back() == ' ')) why.pop_back();
  if (code == 400) return kube::bad_request(std::move(why));
  if (code == 404 || code == 405) {
    kube::Status status = kube::generic(code);
    status.message += text(" ({} {} {})", request.info.verb, "pods/log", request.info.name);
    status.kind = "pods/log";
    status.name = request.info.name;
    return status;
  }
  return kube::internal_error(why);
}

// A pod without a node has said nothing yet.
Task<void> answer_nothing(Request& request) {
  request.status = 204;
  http::Headers headers;
  for (const auto& field : request.extra) headers.add(field.name, field.value);
  co_await request.exchange.respond(204, std::move(headers), "");
}

Task<void> pass_log(Request& request, http::Response answer) {
  if (answer.status < 200 || answer.status > 206) {
    std::string why = co_await http::read_all(*answer.body, refusal_bytes_max);
    co_await request.refuse(refused_by_node(request, answer.status, std::move(why)));
  }
  co_await http::discard(request.exchange.body());
  if (http::wants_websocket(request.exchange.headers()))
    co_return co_await pass_log_as_messages(request, *answer.body);
  request.status = 200;
  co_await request.exchange.begin(200, answer_headers(request, "text/plain"));
  if (request.trail) request.trail->started(200);
  co_await io::first(pass_body(request, *answer.body), request.exchange.peer_gone());
}

Task<void> serve_log(Call& call, const Item& pod) {
  const std::string container = co_await choose_container(call, pod);
  const http::Query query = co_await node_log_query(call);
  const std::string_view node = kube::text_at(pod, "spec.nodeName");
  if (node.empty()) co_return co_await answer_nothing(call);
  std::string target =
      target_of(path_of({"containerLogs", call.info.name_space, call.info.name, container}), query);
  auto answer = co_await ask_node(call, std::string(node), {.method = "GET", .url = std::move(target)});
  co_await pass_log(call, std::move(answer.response));
}

Task<std::string> stream_target(Request& request, const Item& pod) {
  const RequestInfo& info = request.info;
  if (info.subresource == "portforward")
    co_return target_of(path_of({"portForward", info.name_space, info.name}),
                        co_await node_port_query(request));
  const std::string container = co_await choose_container(request, pod);
  co_return target_of(path_of({info.subresource, info.name_space, info.name, container}),
                      node_command_query(request));
}

// A WebSocket begins with a GET; whoever may only look may not run anything.
Task<void> serve_stream(Call& call, const Item& pod) {
  if (call.info.verb == "get") co_await check_may_create(call);
  std::string target = co_await stream_target(call, pod);
  const std::string node(kube::text_at(pod, "spec.nodeName"));
  if (node.empty())
    co_await call.refuse(kube::bad_request(text("pod {} does not have a host assigned", call.info.name)));
  if (!wants_upgrade(call.exchange.headers()))
    co_await call.refuse(kube::bad_request("Upgrade request required"));
  auto answer = co_await ask_node(call, node, onward(call.exchange, std::move(target)));
  co_await pass_back(call, std::move(answer));
}

}  // namespace

Task<http::Client::Upgraded> ask_node(Call& call, std::string name, http::Request onward) {
  const ApiGround& ground = call.parts.ground;
  const schema::Resource& nodes = ground.objects.resource("", "nodes");
  const auto found = co_await ground.objects.find({&nodes, "", name});
  if (!found) co_await call.refuse(kube::not_found(nodes, name));
  const json::Tree node = co_await found->tree();
  if (ground.nodes == nullptr) co_await unavailable("nodes cannot be reached from here");
  auto answer = co_await ground.nodes->send(node.root(), std::move(onward)).result();
  if (answer || answer.error().kind() == ErrorKind::cancelled) co_return std::move(answer);
  co_await call.refuse(kube::internal_error(text("error dialing backend: {}", answer.error().message())));
  co_return Failure(answer.error());
}

Task<void> reach_node(Call& call) {
  if (call.info.subresource == "proxy") co_return co_await serve_proxy(call);
  const Current current = co_await get_current(call);
  const Item& pod = current.object.root();
  if (call.info.subresource == "log") co_return co_await serve_log(call, pod);
  co_await serve_stream(call, pod);
}

}  // namespace podo::apiserver
