#include "cluster/api_request/answer.h"

#include <algorithm>

#include "base/format/gzip_stream.h"
#include "base/format/json_writer.h"
#include "cluster/api_request/table.h"
#include "cluster/audit/audit.h"
#include "model/schema/convert.h"
#include "model/strategy/strategy.h"

namespace podo::apiserver {
namespace {

constexpr std::size_t warnings_bytes_max = 4096;  // of all of them: heads of answers are bounded elsewhere

// 299 - "TEXT", as RFC 7234 has it.
std::string warning_value(std::string_view warning) {
  std::string out = "299 - \"";
  for (const char c : warning) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out += '"';
}

void add_warnings(http::Headers& headers, const std::vector<std::string>& warnings) {
  std::size_t bytes = 0;
  for (auto at = warnings.begin(); at != warnings.end(); ++at) {
    if (std::find(warnings.begin(), at, *at) != at) continue;
    bytes += at->size();
    if (bytes > warnings_bytes_max) break;
    headers.add("Warning", warning_value(*at));
  }
}

// JSON text of `type` in the encoding that was negotiated.
Result<std::string> encoded(const Media& media, std::string text, const schema::Struct* type) {
  if (media.encoding == Encoding::json && !media.pretty) return text += '\n';
  json::Tree tree = TRY(json::Tree::parse(std::move(text)));
  if (media.encoding == Encoding::json) return to_pretty(tree.root());
  if (media.encoding == Encoding::yaml) return to_yaml(tree.root());
  if (type == nullptr || type->no_proto)
    return invalid("only the following media types are accepted: application/json, application/yaml");
  TRY(schema::shape(tree.root(), *type));
  return schema::to_protobuf(tree.root(), *type);
}

Task<void> send_encoded(Request& request, int status, std::string text, const schema::Struct* type) {
  if (request.trail && request.trail->wants_response_object()) request.trail->response_object(text);
  auto bytes = encoded(request.media, std::move(text), type);
  if (!bytes) co_await request.refuse(kube::not_acceptable(bytes.error().message()));
  co_await send(request, status, std::string(content_type(request.media.encoding)), *std::move(bytes));
}

// Piece by piece, so that other requests have their turn in between.
Task<std::string> compressed(std::string bytes) {
  constexpr std::size_t piece_bytes = 256 << 10;
  gzip::Stream stream;
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    out += stream.write(std::string_view(bytes).substr(at, piece_bytes));
    co_await io::yield();
  }
  co_return out += stream.end();
}

}  // namespace

bool takes_gzip(const http::Headers& headers) {
  for (const auto& field : headers)
    if (http::same_name(field.name, "Accept-Encoding") && field.value.find("gzip") != std::string::npos &&
        field.value.find("gzip;q=0") == std::string::npos)
      return true;
  return false;
}

http::Headers answer_headers(const Request& request, std::string_view content_type) {
  http::Headers headers = {{"Content-Type", std::string(content_type)},
                           {"Cache-Control", "no-cache, private"}};
  for (const auto& field : request.extra) headers.add(field.name, field.value);
  add_warnings(headers, request.warnings);
  return headers;
}

Task<void> send(Request& request, int status, std::string content_type, std::string bytes) {
  http::Headers headers = answer_headers(request, content_type);
  request.status = status;
  if (bytes.size() > gzip_from && takes_gzip(request.exchange.headers())) {
    headers.add("Content-Encoding", "gzip");
    headers.add("Vary", "Accept-Encoding");
    bytes = co_await compressed(std::move(bytes));
  }
  co_await request.exchange.respond(status, std::move(headers), std::move(bytes));
}

Task<void> answer_object(Request& request, int status, std::string json) {
  const schema::Struct* type = request.subresource != nullptr && request.subresource->type != nullptr
                                   ? request.subresource->type
                                   : request.resource->type;
  if (request.media.shape == Shape::whole)
    co_return co_await send_encoded(request, status, std::move(json), type);
  const json::Tree tree = co_await json::Tree::parse(std::move(json));
  if (request.media.shape == Shape::table)
    co_return co_await send_encoded(request, status, table_json(request, tree.root()), nullptr);
  const schema::Struct* partial = request.ground.schema.find_type("meta.v1.PartialObjectMetadata");
  co_await send_encoded(request, status, partial_json(tree.root(), request.media.shape_version), partial);
}

Task<void> answer_other(Request& request, int status, std::string json, const schema::Struct& type) {
  return send_encoded(request, status, std::move(json), &type);
}

Task<void> answer_status(Request& request, const kube::Status& status) {
  // Whoever accepts nothing that there is gets JSON: an error has to be told.
  if (status.retry_after_s != 0) request.extra.set("Retry-After", text("{}", status.retry_after_s));
  const schema::Struct* type = request.ground.schema.find_type("meta.v1.Status");
  auto bytes = encoded(request.media, status.to_json(), type);
  const bool as_json = !bytes;
  co_await send(request, status.http_code(),
                std::string(content_type(as_json ? Encoding::json : request.media.encoding)),
                as_json ? status.to_json() + "\n" : *std::move(bytes));
}

Result<json::Tree> tree_for(const Request& request, const objects::Object& object) {
  json::Tree tree = TRY(object.tree());
  if (request.storage != request.resource)
    TRY(strategy::convert(tree.root(), *request.storage, *request.resource));
  return tree;
}

Result<std::string> json_for(const Request& request, const objects::Object& object) {
  if (request.storage == request.resource) return object.json();
  const json::Tree tree = TRY(tree_for(request, object));
  return schema::canonical(tree.root(), *request.resource->type);
}

std::string partial_json(const json::Item& object, std::string_view meta_version) {
  std::string out = R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/)";
  out.append(meta_version).append(R"(","metadata":)");
  const json::Item* metadata = object.find("metadata");
  if (metadata == nullptr) out += "{}";
  else append_text(out, *metadata, json::Escapes::html);
  return out += '}';
}

}  // namespace podo::apiserver
