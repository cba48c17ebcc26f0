#include "cluster/node_api/node_api.h"

#include "cluster/node_api/carrier.h"
#include "cluster/node_api/node_call.h"

namespace podo::node_api {
namespace {

struct Route {
  std::string_view first;
  std::size_t words;  // behind it: namespace, pod, perhaps a container
  bool get_alone;
  Task<void> (*serve)(NodeCall& call);
};
constexpr Route routes[] = {{"containerLogs", 3, true, serve_logs},
                            {"exec", 3, false, serve_exec},
                            {"attach", 3, false, serve_attach},
                            {"portForward", 2, false, serve_port_forward}};

std::vector<std::string> words_of(std::string_view path) {
  std::vector<std::string> words;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash != 0) words.push_back(http::percent_decode(path.substr(0, slash)));
    path.remove_prefix(std::min(path.size(), slash + 1));
  }
  return words;
}

class NodeApi final : public http::Handler {
 public:
  explicit NodeApi(const NodeApiGround& ground) : ground_(ground) {}

  Task<void> handle(http::Exchange& exchange) override {
    const std::vector<std::string> words = words_of(exchange.path());
    if (words.size() == 1 && exchange.method() == "GET") co_return co_await page(exchange, words[0]);
    for (const Route& route : routes) {
      // With a uid between pod and container, as kubelets have it: the name is enough here.
      const bool has_uid = words.size() == route.words + 2;
      if (words.empty() || words[0] != route.first || (words.size() != route.words + 1 && !has_uid)) continue;
      if (exchange.method() != "GET" && (route.get_alone || exchange.method() != "POST"))
        co_return co_await answer_text(exchange, 405, "405: Method Not Allowed");
      NodeCall call{ground_, exchange, words[1], words[2], route.words == 3 ? words.back() : ""};
      co_return co_await route.serve(call);
    }
    co_await answer_text(exchange, 404, "404 page not found");
  }

 private:
  Task<void> page(http::Exchange& exchange, std::string name) {
    if (name == "healthz") co_return co_await answer_text(exchange, 200, "ok");
    if (name == "metrics" && ground_.metrics)
      co_return co_await exchange.respond(200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                                          ground_.metrics());
    if (name == "pods" || name == "runningpods")
      co_return co_await exchange.respond(200, {{"Content-Type", "application/json"}},
                                          ground_.pods.pods_json());
    co_await answer_text(exchange, 404, "404 page not found");
  }
  const NodeApiGround ground_;
};

}  // namespace

Task<void> NodeCall::answer(Refusal refusal) const {
  co_await answer_text(exchange, refusal.status, std::move(refusal.text));
}

Result<ContainerPlace> running_container(const NodeCall& call) {
  auto place = call.ground.pods.find(call.name_space, call.pod, call.container, false);
  if (!place && place.error().kind() == ErrorKind::not_found) return not_found("pod does not exist");
  if (!place || !place->running) return conflict("container not found (\"{}\")", call.container);
  return place;
}

std::unique_ptr<http::Handler> make_node_api(const NodeApiGround& ground) {
  return std::make_unique<NodeApi>(ground);
}

}  // namespace podo::node_api
