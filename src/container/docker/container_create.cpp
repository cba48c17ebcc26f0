// POST /containers/create and POST /commit.
#include "container/docker/container_json.h"
#include "container/docker/handlers.h"
#include "container/docker/names.h"
#include "model/docker/decode_members.h"
#include "model/docker/encode_members.h"

namespace podo::docker {
namespace {

// A body that says nothing about what is to run.
bool is_empty_config(const json::Document& body) {
  const json::Value root = body.root();
  if (!root.is(json::Kind::object)) return root.is(json::Kind::null);
  for (const auto [key, value] : root.members()) {
    if (key != "HostConfig" && key != "NetworkingConfig") return false;
  }
  return true;
}

// Up to API 1.43 the address of the one network's endpoint stood in Config; clients still put it there.
void move_mac_address(CreateRequest& request) {
  std::string& mac = request.config.mac_address;
  if (mac.empty() || request.endpoints.size() > 1) return;
  std::string network = request.host_config.network_mode;
  if (!request.endpoints.empty()) network = request.endpoints.begin()->first;
  if (network_of_mode(network).empty()) return;
  EndpointSettings& settings = request.endpoints[network.empty() ? "default" : network];
  if (settings.mac_address.empty()) settings.mac_address = mac;
}

Result<> check_platform(const std::string& platform) {
  if (platform.empty()) return {};
  const auto wanted = TRY(oci::Platform::parse(platform));
  if (wanted.os != "linux") return invalid("operating system is not supported");
  return {};
}

}  // namespace

Task<void> create_container(Call& call) {
  const json::Document body = co_await call.body();
  if (is_empty_config(body)) co_await invalid("config cannot be empty in order to create a container");
  CreateRequest request = co_await decode_create_request(body);
  co_await check_platform(call.query("platform"));
  move_mac_address(request);
  const auto created = co_await call.engine().create(std::move(request), call.query("name"));
  json::Writer out;
  out.object();
  member(out, "Id", created.id);
  member(out, "Warnings", created.warnings);
  co_await call.answer(201, out.end());
}

Task<void> commit_container(Call& call) {
  engine::Engine::CommitRequest request{.reference = call.query("container"),
                                        .repository_tag = {},
                                        .author = call.query("author"),
                                        .comment = call.query("comment"),
                                        .pause = call.flag("pause", true),
                                        .changes = {},
                                        .config = {}};
  if (!call.query("repo").empty()) {
    const auto reference = co_await tagged(call.query("repo"), call.query("tag"));
    request.repository_tag = reference.to_text();
  }
  for (const std::string_view changes : call.exchange.query().all("changes")) {
    if (!changes.empty()) request.changes.emplace_back(changes);
  }
  if (std::string text = co_await call.body_text(); !text.empty()) {
    const json::Document body = co_await json::parse(std::move(text));
    if (body.root().is(json::Kind::object)) request.config = co_await decode_config(json::Field(body));
  }
  const auto image = co_await call.engine().commit(std::move(request));
  json::Writer out;
  out.object().key("Id").string(image->id).end();
  co_await call.answer(201, out);
}

}  // namespace podo::docker
