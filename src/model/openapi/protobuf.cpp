// An OpenAPI v2 document as the message openapi.v2.Document of gnostic. Its messages mirror the document's
// objects, but for these:
//
//   a map of names        := message { repeated Named entry = 1 }   Named := { name = 1, value = 2 }
//   any value, extension  := Any { yaml = 2 }; JSON is YAML, so it stands there as it is
//   one of several things := a message with a field for each
//
// What no document of ours has (headers, examples, forms, ...) is not written.
#include "base/format/protobuf.h"
#include "base/core/ensure.h"
#include "base/format/json_writer.h"
#include "model/openapi/openapi.h"

namespace podo::openapi {
namespace {

using json::Kind;
using json::Value;
using protobuf::Writer;

struct Member {
  std::string_view key;
  std::uint32_t number;
};

// Members that are strings, booleans or lists of strings, by the table of their message.
bool plain(Writer& out, std::span<const Member> table, std::string_view key, Value value) {
  for (const Member& each : table) {
    if (each.key != key) continue;
    if (value.is(Kind::string)) out.string(each.number, value.string());
    if (value.is(Kind::boolean)) out.boolean(each.number, value.boolean());
    for (const Value item : value.items()) out.string(each.number, item.string());
    return true;
  }
  return false;
}

void any(Writer& out, std::uint32_t number, Value value) {
  const std::size_t opened = out.open(number);
  json::Writer yaml;
  out.string(2, yaml.value(value).take());
  out.close(opened);
}

bool extension(Writer& out, std::uint32_t number, std::string_view key, Value value) {
  if (!key.starts_with("x-")) return false;
  const std::size_t opened = out.open(number);
  out.string(1, key);
  any(out, 2, value);
  out.close(opened);
  return true;
}

using Write = void (*)(Writer&, Value);

void message(Writer& out, std::uint32_t number, Value value, Write write) {
  const std::size_t opened = out.open(number);
  write(out, value);
  out.close(opened);
}

// Within a message that has only this field, or of which only this one is set.
template <std::uint32_t number, Write write>
void within(Writer& out, Value value) {
  message(out, number, value, write);
}

template <std::uint32_t number, Write write>
void named(Writer& out, Value value) {
  for (const auto [key, item] : value.members()) {
    const std::size_t opened = out.open(number);
    out.string(1, key);
    message(out, 2, item, write);
    out.close(opened);
  }
}

void schema(Writer& out, Value value) {
  constexpr Member members[] = {{"$ref", 1}, {"format", 2}, {"description", 4}, {"required", 19}};
  for (const auto [key, item] : value.members()) {
    if (plain(out, members, key, item) || extension(out, 31, key, item)) continue;
    if (key == "type") {
      const std::size_t opened = out.open(22);
      out.string(1, item.string());
      out.close(opened);
    } else if (key == "enum") {
      for (const Value each : item.items()) any(out, 20, each);
    } else if (key == "properties") {
      message(out, 25, item, named<1, schema>);
    } else if (key == "items") {
      message(out, 23, item, within<1, schema>);
    } else {
      ENSURE(key == "additionalProperties");
      message(out, 21, item, within<1, schema>);
    }
  }
}

void parameter_in_body(Writer& out, Value value) {
  constexpr Member members[] = {{"description", 1}, {"name", 2}, {"in", 3}, {"required", 4}};
  for (const auto [key, item] : value.members()) {
    if (!plain(out, members, key, item)) message(out, 5, item, schema);
  }
}

void parameter_in_query(Writer& out, Value value) {
  constexpr Member members[] = {{"required", 1}, {"in", 2}, {"description", 3}, {"name", 4}, {"type", 6}};
  for (const auto [key, item] : value.members()) plain(out, members, key, item);
}

void parameter_in_path(Writer& out, Value value) {
  constexpr Member members[] = {{"required", 1}, {"in", 2}, {"description", 3}, {"name", 4}, {"type", 5}};
  for (const auto [key, item] : value.members()) plain(out, members, key, item);
}

void parameter(Writer& out, Value value) {
  const std::string_view in = value.find("in").string();
  if (in == "body") return message(out, 1, value, parameter_in_body);
  message(out, 2, value, in == "query" ? within<3, parameter_in_query> : within<4, parameter_in_path>);
}

void response(Writer& out, Value value) {
  constexpr Member members[] = {{"description", 1}};
  for (const auto [key, item] : value.members()) {
    if (!plain(out, members, key, item)) message(out, 2, item, within<1, schema>);
  }
}

void operation(Writer& out, Value value) {
  constexpr Member members[] = {{"tags", 1}, {"description", 3}, {"operationId", 5}, {"consumes", 7}};
  for (const auto [key, item] : value.members()) {
    if (plain(out, members, key, item) || extension(out, 13, key, item)) continue;
    if (key == "parameters") {
      for (const Value each : item.items()) message(out, 8, each, within<1, parameter>);
    } else {
      ENSURE(key == "responses");
      message(out, 9, item, named<1, within<1, response>>);
    }
  }
}

void path(Writer& out, Value value) {
  constexpr Member methods[] = {{"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  for (const auto [key, item] : value.members()) {
    for (const Member& method : methods) {
      if (method.key == key) message(out, method.number, item, operation);
    }
  }
  for (const Value each : value.find("parameters").items()) message(out, 9, each, within<1, parameter>);
}

void info(Writer& out, Value value) {
  constexpr Member members[] = {{"title", 1}, {"version", 2}};
  for (const auto [key, item] : value.members()) plain(out, members, key, item);
}

void api_key(Writer& out, Value value) {
  constexpr Member members[] = {{"type", 1}, {"name", 2}, {"in", 3}};
  for (const auto [key, item] : value.members()) plain(out, members, key, item);
}

void scopes(Writer&, Value) {}  // a BearerToken has none

}  // namespace

std::string v2_protobuf(std::string_view v2_json) {
  json::Limits limits;
  limits.bytes_max = v2_json.size();
  const Result<json::Document> document = json::parse(std::string(v2_json), limits);
  ENSURE(document.has_value());
  std::string bytes;
  Writer out(bytes);
  constexpr Member members[] = {{"swagger", 1}, {"consumes", 6}, {"produces", 7}};
  for (const auto [key, item] : document->root().members()) {
    if (plain(out, members, key, item)) continue;
    if (key == "info") message(out, 2, item, info);
    if (key == "paths") message(out, 8, item, named<2, path>);
    if (key == "definitions") message(out, 9, item, named<1, schema>);
    if (key == "securityDefinitions") message(out, 13, item, named<1, within<2, api_key>>);
    if (key == "security") {
      for (const Value each : item.items()) message(out, 12, each, named<1, scopes>);
    }
  }
  return bytes;
}

}  // namespace podo::openapi
