// pods/NAME/proxy, services/NAME/proxy, nodes/NAME/proxy: a request to what listens there, and its answer.
//
//   NAME := [ scheme ":" ] name [ ":" port ]      a port by number or, of a Service, by name
//
// Answers come as they are, but that a Location that leads back there leads through this server.
#include "cluster/apiserver/relay.h"
#include "cluster/apiserver/verbs.h"
#include "cluster/apiserver/write.h"
#include "cluster/connectors/pod_proxy.h"
#include "model/kube/path.h"

namespace podo::apiserver {
namespace {

using json::Item;

struct Target {
  std::string scheme, name, port;
};

Result<Target> parse_target(Request& request) {
  const std::string& text_ = request.info.name;
  std::vector<std::string> words = {""};
  for (const char c : text_) {
    if (c == ':') words.emplace_back();
    else words.back() += c;
  }
  Target target{"http", "", ""};
  if (words.size() == 1) target.name = words[0];
  else if (words.size() == 2) target = {"http", words[0], words[1]};
  else if (words.size() == 3) target = {words[0].empty() ? "http" : words[0], words[1], words[2]};
  const bool known = target.scheme == "http" || target.scheme == "https";
  if (!target.name.empty() && known && words.size() <= 3) return target;
  std::string kind = request.info.plural;
  kind.pop_back();
  return request.refuse(kube::bad_request(text("invalid {} request \"{}\"", kind, text_)));
}

// What stands behind ".../NAME/proxy" in the path, encoded as it came.
std::string_view rest_of(const Request& request) {
  std::string_view path = request.exchange.path();
  const int words = request.info.name_space.empty() ? 5 : 7;
  for (int i = 0; i < words; ++i) path = path.substr(std::min(path.find('/', 1), path.size()));
  return path;
}

std::string with_query(std::string url, const Request& request) {
  const std::string query = request.query().to_text();
  return query.empty() ? url : url + "?" + query;
}

bool is_proxyable(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address && !address->is_loopback() && !address->is_unspecified();
}

std::string origin_of(const Target& target, std::string_view host, std::string_view port) {
  const std::string name = host.contains(':') ? text("[{}]", host) : std::string(host);
  return port.empty() ? text("{}://{}", target.scheme, name) : text("{}://{}:{}", target.scheme, name, port);
}

// --- where it is ------------------------------------------------------------------------------------------

Task<json::Tree> get_named(Call& call, const schema::Resource& resource, std::string name) {
  const auto found = co_await call.parts.ground.objects.find({&resource, call.info.name_space, name});
  if (!found) co_await call.refuse(kube::not_found(resource, name));
  co_return co_await found->tree();
}

Task<std::string> origin_of_pod(Call& call, Target target) {
  const json::Tree pod = co_await get_named(call, *call.storage, target.name);
  if (target.port.empty())
    for (const Item& container : kube::children_at(pod.root(), "spec.containers")) {
      const std::int64_t port = kube::number_at(container, "ports[0].containerPort");
      if (port != 0 && target.port.empty()) target.port = text("{}", port);
    }
  const std::string_view address = kube::text_at(pod.root(), "status.podIP");
  if (!is_proxyable(address)) co_await call.refuse(kube::bad_request("address not allowed"));
  co_return origin_of(target, address, target.port);
}

kube::Status no_service(std::string why) {
  return {.code = 503,
          .reason = "ServiceUnavailable",
          .message = std::move(why),
          .group = "",
          .kind = "",
          .name = ""};
}

// The name of the Service's port that is meant.
Result<std::string> port_name(Request& request, const Item& service, const Target& target) {
  const bool by_number = target.port.find_first_not_of("0123456789") == std::string::npos;
  if (target.port.empty())
    return std::string(
        kube::size_at(service, "spec.ports") == 1 ? kube::text_at(service, "spec.ports[0].name") : "");
  if (!by_number) return target.port;
  for (const Item& port : kube::children_at(service, "spec.ports"))
    if (text("{}", kube::number_at(port, "port")) == target.port)
      return std::string(kube::text_at(port, "name"));
  return request.refuse(
      no_service(text("no service port {} found for service \"{}\"", target.port, target.name)));
}

struct Place {
  std::string_view address;
  std::int64_t port;
};

std::vector<Place> places_of(const Item& endpoints, std::string_view port_name) {
  std::vector<Place> places;
  for (const Item& subset : kube::children_at(endpoints, "subsets"))
    for (const Item& port : kube::children_at(subset, "ports")) {
      if (kube::text_at(port, "name") != port_name) continue;
      for (const Item& address : kube::children_at(subset, "addresses"))
        places.push_back({kube::text_at(address, "ip"), kube::number_at(port, "port")});
    }
  return places;
}

Task<std::string> origin_of_service(Call& call, Target target) {
  const json::Tree service = co_await get_named(call, *call.storage, target.name);
  const std::string name = co_await port_name(call, service.root(), target);
  objects::Objects& objects = call.parts.ground.objects;
  const auto endpoints =
      co_await objects.find({&objects.resource("", "endpoints"), call.info.name_space, target.name});
  json::Tree tree;
  if (endpoints) tree = co_await endpoints->tree();
  const std::vector<Place> places = places_of(tree.root(), name);
  if (places.empty())
    co_await call.refuse(no_service(text("no endpoints available for service \"{}\"", target.name)));
  const Place& place = places[call.parts.ground.random.below(places.size())];
  if (!is_proxyable(place.address)) co_await call.refuse(kube::bad_request("address not allowed"));
  co_return origin_of(target, place.address, text("{}", place.port));
}

// --- there and back ---------------------------------------------------------------------------------------

// "/api/v1/namespaces/x/pods/y/proxy", of the path as it came.
std::string_view prefix_of(const Request& request) {
  const std::string_view path = request.exchange.path();
  return path.substr(0, path.size() - rest_of(request).size());
}

void lead_back(const Request& request, const std::string& origin, http::Headers& headers) {
  const auto location = headers.find("Location");
  if (!location) return;
  const std::string prefix(prefix_of(request));
  if (location->starts_with(origin + "/"))
    headers.set("Location", prefix + std::string(location->substr(origin.size())));
  else if (location->starts_with("/")) headers.set("Location", prefix + std::string(*location));
}

void add_forwarded(const Request& request, http::Headers& headers) {
  const std::string& from = request.exchange.peer().address;
  headers.set("X-Forwarded-For", from.substr(0, from.rfind(':')));
  headers.set("X-Forwarded-Host", std::string(request.exchange.headers().get("Host")));
  headers.set("X-Forwarded-Proto", "https");
  headers.set("X-Forwarded-Uri", std::string(request.exchange.path()));
}

// One that names a place without a slash behind it would take relative links from the wrong one.
Task<void> redirect(Request& request) {
  http::Headers headers = answer_headers(request, "text/plain; charset=utf-8");
  headers.add("Location", with_query(std::string(request.exchange.path()) + "/", request));
  request.status = 301;
  co_await request.exchange.respond(301, std::move(headers), "");
}

Task<void> pass_through(Call& call, std::string origin) {
  if (call.parts.pod_proxy == nullptr)
    co_await call.refuse(no_service("this server has no network that reaches pods"));
  http::Request there = onward(call.exchange, with_query(origin + std::string(rest_of(call)), call));
  add_forwarded(call, there.headers);
  auto answer = co_await call.parts.pod_proxy->send(std::move(there)).result();
  if (!answer && answer.error().kind() == ErrorKind::cancelled) co_return co_await Failure(answer.error());
  if (!answer)
    co_await call.refuse(no_service(text("error trying to reach service: {}", answer.error().message())));
  lead_back(call, origin, answer->response.headers);
  co_await pass_back(call, *std::move(answer));
}

Task<void> pass_to_node(Call& call, Target target) {
  const schema::Resource& nodes = call.parts.ground.objects.resource("", "nodes");
  const json::Tree node = co_await get_named(call, nodes, target.name);
  const std::int64_t own = kube::number_at(node.root(), "status.daemonEndpoints.kubeletEndpoint.Port");
  if (!target.port.empty() && target.port != text("{}", own))
    co_await call.refuse(
        kube::bad_request(text("node \"{}\" is reached at the port of its own API alone", target.name)));
  http::Request there = onward(call.exchange, with_query(std::string(rest_of(call)), call));
  co_await pass_back(call, co_await ask_node(call, target.name, std::move(there)));
}

}  // namespace

Task<void> serve_proxy(Call& call) {
  const Target target = co_await parse_target(call);
  if (rest_of(call).empty() && !wants_upgrade(call.exchange.headers())) co_return co_await redirect(call);
  if (call.info.plural == "nodes") co_return co_await pass_to_node(call, target);
  const bool of_pod = call.info.plural == "pods";
  co_await pass_through(
      call, of_pod ? co_await origin_of_pod(call, target) : co_await origin_of_service(call, target));
}

}  // namespace podo::apiserver
