// OpenAPI documents, written from the front: nothing is built but the text.
#include <array>

#include "base/core/text.h"
#include "base/crypto/digest.h"
#include "model/openapi/definitions.h"
#include "model/openapi/openapi.h"
#include "model/openapi/operations.h"

namespace podo::openapi {
namespace {

using schema::GroupVersion;
using schema::Struct;

constexpr std::string_view kubernetes_version = "v1.36.0";
constexpr std::string_view object_types[] = {"application/json", "application/yaml",
                                             "application/vnd.kubernetes.protobuf"};
constexpr std::string_view stream_types[] = {"application/json;stream=watch",
                                             "application/vnd.kubernetes.protobuf;stream=watch"};
constexpr std::string_view patch_types[] = {"application/json-patch+json", "application/merge-patch+json",
                                            "application/strategic-merge-patch+json",
                                            "application/apply-patch+yaml"};

class Writing {
 public:
  Writing(json::Writer& out, Form form, const schema::Schema& schema)
      : out_(out), form_(form), names_(schema), definitions_(out, form, schema, names_) {}

  void path(const Path& path, std::string_view tag);
  void definitions() { definitions_.write(reached_); }
  void reach(const Struct& type) { reached_.add(type); }

 private:
  void parameter(const Parameter& parameter);
  void body(const Operation& operation);
  void operation(const Operation& operation, std::string_view tag);
  void answers(const Operation& operation);
  void answer(std::string_view code, std::string_view meaning, const Operation& operation);
  void reference(const Struct& type) {
    reached_.add(type);
    out_.object();
    definitions_.reference(type);
    out_.end();
  }
  void contents(std::span<const std::string_view> types, const Struct& type) {
    for (const std::string_view each : types) {
      out_.key(each).object().key("schema");
      reference(type);
      out_.end();
    }
  }

  json::Writer& out_;
  Form form_;
  Names names_;
  Definitions definitions_;
  Reached reached_;
};

void Writing::parameter(const Parameter& parameter) {
  constexpr std::string_view types[] = {"string", "integer", "boolean"};
  const std::string_view type = types[static_cast<std::size_t>(parameter.type)];
  out_.object().key("name").string(parameter.name).key("in").string(parameter.in_path ? "path" : "query");
  if (!parameter.doc.empty()) out_.key("description").string(parameter.doc);
  if (parameter.in_path) out_.key("required").boolean(true);
  if (form_ == Form::v2) out_.key("type").string(type);
  else out_.key("schema").object().key("type").string(type).end();
  out_.end();
}

void Writing::path(const Path& path, std::string_view tag) {
  out_.key(path.text).object();
  for (const Operation& each : path.operations) operation(each, tag);
  if (!path.parameters.empty()) {
    out_.key("parameters").array();
    for (const Parameter& each : path.parameters) parameter(each);
    out_.end();
  }
  out_.end();
}

void Writing::body(const Operation& operation) {  // of v3; in v2 it is a parameter
  out_.key("requestBody").object().key("content").object();
  if (operation.method == "patch") contents(patch_types, *operation.body);
  else contents(std::array<std::string_view, 1>{"*/*"}, *operation.body);
  out_.end();
  if (operation.method != "delete") out_.key("required").boolean(true);
  out_.end();
}

void Writing::operation(const Operation& operation, std::string_view tag) {
  out_.key(operation.method).object().key("operationId").string(operation.id);
  if (!tag.empty()) out_.key("tags").array().string(tag).end();
  const bool body_first = form_ == Form::v2 && operation.body != nullptr;
  if (body_first && operation.method == "patch") {
    out_.key("consumes").array();
    for (const std::string_view each : patch_types) out_.string(each);
    out_.end();
  }
  if (body_first || !operation.parameters.empty()) {
    out_.key("parameters").array();
    if (body_first) {
      out_.object().key("name").string("body").key("in").string("body");
      if (operation.method != "delete") out_.key("required").boolean(true);
      out_.key("schema");
      reference(*operation.body);
      out_.end();
    }
    for (const Parameter& each : operation.parameters) parameter(each);
    out_.end();
  }
  if (form_ == Form::v3 && operation.body != nullptr) body(operation);
  answers(operation);
  if (!operation.action.empty()) {
    out_.key("x-kubernetes-action").string(operation.action);
    out_.key("x-kubernetes-group-version-kind").object().key("group").string(operation.group);
    out_.key("kind").string(operation.kind).key("version").string(operation.version).end();
  }
  out_.end();
}

void Writing::answers(const Operation& operation) {
  out_.key("responses").object();
  answer("200", "OK", operation);
  if (operation.made) answer("201", "Created", operation);
  if (operation.accepted) answer("202", "Accepted", operation);
  out_.key("401").object().key("description").string("Unauthorized").end().end();
}

void Writing::answer(std::string_view code, std::string_view meaning, const Operation& operation) {
  out_.key(code).object().key("description").string(meaning);
  if (form_ == Form::v2) {
    out_.key("schema");
    if (operation.answer != nullptr) reference(*operation.answer);
    else out_.object().key("type").string("string").end();
  } else {
    out_.key("content").object();
    if (operation.answer == nullptr) {
      out_.key("*/*").object().key("schema").object().key("type").string("string").end().end();
    } else {
      contents(object_types, *operation.answer);
      if (operation.streams) contents(stream_types, *operation.answer);
    }
    out_.end();
  }
  out_.end();
}

void strings(json::Writer& out, std::string_view key, std::span<const std::string_view> values) {
  out.key(key).array();
  for (const std::string_view each : values) out.string(each);
  out.end();
}

constexpr std::string_view security =
    R"({"BearerToken":{"type":"apiKey","name":"authorization","in":"header"}})";

}  // namespace

std::string v2_json(const schema::Schema& schema) {
  json::Writer out;
  out.object().key("swagger").string("2.0").key("info").object().key("title").string("Kubernetes");
  out.key("version").string(kubernetes_version).end();
  strings(out, "consumes", object_types);
  strings(out, "produces", object_types);
  Writing writing(out, Form::v2, schema);
  out.key("paths").object();
  for (const Path& path : common_paths(schema)) writing.path(path, {});
  for (const Group& group : served_groups(schema)) {
    for (const GroupVersion* each : group.versions) {
      for (const Path& path : paths_of(schema, *each)) writing.path(path, tag_of(*each));
    }
  }
  out.end().key("definitions").object();
  writing.reach(*schema.find_type("meta.v1.WatchEvent"));
  writing.definitions();
  out.end().key("securityDefinitions").raw(security);
  out.key("security").raw(R"([{"BearerToken":[]}])").end();
  return out.take() + "\n";
}

std::string v3_json(const schema::Schema& schema, const GroupVersion& group_version) {
  json::Writer out;
  out.object().key("openapi").string("3.0.0").key("info").object().key("title").string("Kubernetes");
  out.key("version").string(kubernetes_version).end();
  Writing writing(out, Form::v3, schema);
  out.key("paths").object();
  for (const Path& path : paths_of(schema, group_version)) writing.path(path, tag_of(group_version));
  out.end().key("components").object().key("schemas").object();
  writing.reach(*schema.find_type("meta.v1.WatchEvent"));
  writing.definitions();
  out.end().key("securitySchemes").raw(security).end();
  out.key("security").raw(R"([{"BearerToken":[]}])").end();
  return out.take() + "\n";
}

std::string hash_of(std::string_view document) {
  std::string hash = crypto::digest_of(document).substr(sizeof("sha256:") - 1);
  for (char& c : hash) {
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  }
  return hash;
}

std::string v3_index(const schema::Schema& schema) {
  json::Writer out;
  out.object().key("paths").object();
  for (const Group& group : served_groups(schema)) {
    for (const GroupVersion* each : group.versions) {
      const std::string root = root_of(*each);
      const std::string hash = hash_of(v3_json(schema, *each));
      out.key(root).object().key("serverRelativeURL");
      out.string(text("/openapi/v3/{}?hash={}", root, hash)).end();
    }
  }
  out.end().end();
  return out.take() + "\n";
}

}  // namespace podo::openapi
