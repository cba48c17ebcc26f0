// Answers: objects, lists and Statuses in the form that was negotiated. JSON comes in; what is sent is JSON,
// YAML or protobuf, whole, as a Table or as metadata only, compressed when it is large and the client can
// read that.
//
//   co_await answer_object(request, 200, object.json());
//   co_await send(request, 200, "text/plain; charset=utf-8", "ok");
//
// Each sends the whole answer with its fields: Content-Type, Cache-Control, Warning, and request.extra.
#pragma once

#include "cluster/api_request/request.h"
#include "cluster/objects/objects.h"

namespace podo::apiserver {

inline constexpr std::size_t gzip_from = 128 << 10;  // bytes: smaller answers go as they are

// An object of the request's own resource (or subresource) in its version: canonical JSON.
Task<void> answer_object(Request& request, int status, std::string json);
// An object of another kind, which has no Table of its own (Status, Scale, reviews).
Task<void> answer_other(Request& request, int status, std::string json, const schema::Struct& type);
// `name` is for the details of success.
Task<void> answer_status(Request& request, const kube::Status& status);

// Any bytes, compressed when that is worth it. `bytes` of a large kept text (OpenAPI) are copied.
Task<void> send(Request& request, int status, std::string content_type, std::string bytes);
// The fields of an answer, for who streams it: Content-Type, Cache-Control, Warning, Vary, request.extra.
http::Headers answer_headers(const Request& request, std::string_view content_type);
bool takes_gzip(const http::Headers& headers);

// What is stored, in the version that the request asks for: canonical JSON with resourceVersion.
Result<std::string> json_for(const Request& request, const objects::Object& object);
Result<json::Tree> tree_for(const Request& request, const objects::Object& object);
// {"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{...}}, without a newline.
std::string partial_json(const json::Item& object, std::string_view meta_version);
std::string to_yaml(const json::Item& object);  // as sigs.k8s.io/yaml writes it
std::string to_pretty(const json::Item& object);

}  // namespace podo::apiserver
