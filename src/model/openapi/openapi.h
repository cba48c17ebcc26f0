// What a Schema publishes of itself: discovery documents and OpenAPI. Pure functions of the schema; whoever
// serves them keeps the texts (they are made when first asked for) and their ETags.
#pragma once

#include <string>
#include <string_view>

#include "model/schema/schema.h"

namespace podo::openapi {

// --- discovery: JSON, with a newline at the end ---
std::string api_versions(std::string_view server_address);                    // /api, legacy form
std::string api_group_list(const schema::Schema& schema);                     // /apis, legacy form
std::string api_group(const schema::Schema& schema, std::string_view group);  // /apis/GROUP; "" of none
std::string api_resource_list(const schema::GroupVersion& group_version);     // /api/v1, /apis/GROUP/VERSION
// Aggregated (apidiscovery.k8s.io/v2): of /api (core: true), of /apis.
std::string aggregated(const schema::Schema& schema, bool core);

// --- OpenAPI v2: of all served groups, with paths ---
std::string v2_json(const schema::Schema& schema);
// The same as gnostic's openapi.v2.Document. kubectl asks for v2_protobuf_wanted and gets
// v2_protobuf_type: the parser of its answers takes no @. `v2_json` is what v2_json() gave.
constexpr std::string_view v2_protobuf_wanted = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
constexpr std::string_view v2_protobuf_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
std::string v2_protobuf(std::string_view v2_json);

// --- OpenAPI v3: a document for each group-version ---
// {"paths":{"api/v1":{"serverRelativeURL":"/openapi/v3/api/v1?hash=..."}}}. Every document is written for
// its hash, so this takes as long as all of them.
std::string v3_index(const schema::Schema& schema);
std::string v3_json(const schema::Schema& schema, const schema::GroupVersion& group_version);
std::string hash_of(std::string_view document);  // upper-case hex; an ETag in quotes

}  // namespace podo::openapi
