// Discovery and OpenAPI: the texts of Published on their paths, in the form that Accept asks for.
#include "base/http/range.h"
#include "cluster/apiserver/paths.h"
#include "cluster/apiserver/published.h"
#include "model/openapi/openapi.h"

namespace podo::apiserver {
namespace {

using Document = Published::Document;

Task<void> send_document(Request& request, const Document& document, std::string type) {
  request.extra.set("Etag", document.etag);
  request.extra.add("Vary", "Accept");
  if (http::has_already(request.exchange.headers(), document.etag)) {
    request.status = 304;
    co_return co_await request.exchange.respond(304, answer_headers(request, type), "");
  }
  co_await send(request, 200, std::move(type), document.text);
}

// Discovery is small: YAML and protobuf of it nobody asks for, but JSON is what everybody takes.
Task<void> send_discovery(Request& request, const Document& document) {
  return send_document(request, document, "application/json");
}

// The version of apidiscovery.k8s.io that is asked for before anything else that can be given; "" is the old
// form.
std::string_view aggregated_version(const http::Headers& headers) {
  for (const AcceptClause& clause : accept_clauses(headers)) {
    if (!clause.takes("application/json")) continue;
    if (clause.parameter("as") != "APIGroupDiscoveryList") return "";
    if (clause.parameter("v") == "v2") return "v2";
    if (clause.parameter("v") == "v2beta1") return "v2beta1";
  }
  return "";
}

Task<void> send_root(Call& call, bool core) {
  Published& published = *call.parts.published;
  const std::string_view version = aggregated_version(call.exchange.headers());
  if (!version.empty()) {
    std::string type = text("application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList", version);
    co_return co_await send_document(call, published.aggregated(core, version), std::move(type));
  }
  if (!core) co_return co_await send_discovery(call, published.groups());
  const ApiOptions& options = call.parts.options;
  const std::string_view host = call.exchange.headers().get("Host");
  co_await send(call, 200, "application/json",
                openapi::api_versions(host.empty() ? text("{}:{}", options.address, options.port) : host));
}

}  // namespace

Task<void> show_api_versions(Call& call) { return send_root(call, true); }
Task<void> show_api_groups(Call& call) { return send_root(call, false); }

Task<void> show_api_group(Call& call, std::string rest) {
  Published& published = *call.parts.published;
  const Document* document = rest.contains('/') ? published.resources(rest) : published.group(rest);
  if (document == nullptr) co_return co_await not_a_path(call);
  co_await send_discovery(call, *document);
}

Task<void> show_api_resources(Call& call, std::string version) {
  const Document* document = version.contains('/') ? nullptr : call.parts.published->resources(version);
  if (document == nullptr) co_return co_await not_a_path(call);
  co_await send_discovery(call, *document);
}

Task<void> show_openapi_v2(Call& call) {
  Published& published = *call.parts.published;
  for (const AcceptClause& clause : accept_clauses(call.exchange.headers())) {
    if (clause.takes("application/json")) break;
    const std::string type = clause.type + "/" + clause.subtype;
    if (type == openapi::v2_protobuf_wanted || type == openapi::v2_protobuf_type)
      co_return co_await send_document(call, published.openapi_v2_protobuf(),
                                       std::string(openapi::v2_protobuf_type));
  }
  co_await send_document(call, published.openapi_v2(), "application/json");
}

Task<void> show_openapi_v3(Call& call, std::string rest) {
  Published& published = *call.parts.published;
  if (rest.empty()) co_return co_await send_document(call, published.openapi_v3_index(), "application/json");
  std::string_view group_version = rest;
  const bool core = group_version.starts_with("api/");
  if (!core && !group_version.starts_with("apis/")) co_return co_await not_a_path(call);
  group_version.remove_prefix(core ? 4 : 5);
  const Document* document = published.openapi_v3(std::string(group_version));
  if (document == nullptr || core == group_version.contains('/')) co_return co_await not_a_path(call);
  if (!call.query().get("hash").empty()) call.extra.set("Cache-Control", "public, immutable");
  co_await send_document(call, *document, "application/json");
}

}  // namespace podo::apiserver
