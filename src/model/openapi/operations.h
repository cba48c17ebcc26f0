// What can be asked of a group-version: its paths and their operations, as OpenAPI tells of them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/openapi/published.h"

namespace podo::openapi {

enum class ParameterType : std::uint8_t { string, integer, boolean };

struct Parameter {
  std::string_view name;
  ParameterType type = ParameterType::string;
  std::string_view doc;
  bool in_path = false;  // and required; otherwise in the query
};

struct Operation {
  std::string_view method;  // "get", "put", "post", "delete", "patch"
  std::string_view action;  // x-kubernetes-action; "" of discovery
  std::string id;
  std::string_view group, version, kind;   // what it is about
  const schema::Struct* body = nullptr;    // null: none
  const schema::Struct* answer = nullptr;  // null: text
  bool made = false;                       // 201 may be answered
  bool accepted = false;                   // 202 too
  bool streams = false;                    // the answer may be a stream of events
  std::vector<Parameter> parameters;
};

struct Path {
  std::string text;                   // "/api/v1/namespaces/{namespace}/pods/{name}"
  std::vector<Parameter> parameters;  // of each of its operations
  std::vector<Operation> operations;
};

// Sorted as they are served; those of discovery included.
std::vector<Path> paths_of(const schema::Schema& schema, const schema::GroupVersion& group_version);
// "/version/", "/api/", "/apis/" and one of each group: what belongs to no group-version.
std::vector<Path> common_paths(const schema::Schema& schema);
std::string tag_of(const schema::GroupVersion& group_version);  // "rbacAuthorization_v1"

}  // namespace podo::openapi
