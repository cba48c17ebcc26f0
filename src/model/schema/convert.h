// Objects between their forms, by the schema: JSON that somebody sent, the canonical JSON that is stored,
// protobuf. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::schema {

// What is wrong with an object's form, but need not stop it (fieldValidation Warn): unknown and duplicate
// fields, by path: `unknown field "spec.containers[0].imagee"`, and the nearest name there is.
struct Finding {
  std::string path, hint;
  enum class Kind : std::uint8_t { unknown, duplicate } kind;
};

struct CheckOptions {
  std::vector<Finding>* findings = nullptr;
};
// The object has the types of its schema; unknown members, nulls of non-nullable fields and empty members that
// are never written are taken out; quantities and times get their one spelling. Invalid in encoding/json's
// words: "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32".
Result<> shape(json::Item& object, const Struct& type, const CheckOptions& options);

// Constant defaults: published and server's. Conditional ones are rules of the kinds (model/kube/defaults.h).
void apply_defaults(json::Item& object, const Struct& type);

// Fields in the order of the schema, maps sorted by key, what is empty left out unless `always`. Stored objects
// and answers have this form. apiVersion and kind first for root types.
std::string canonical(const json::Item& object, const Struct& type);

// Protobuf as generated.proto has it: with its magic and runtime.Unknown around a root object.
std::string to_protobuf(const json::Item& object, const Struct& type);
std::string message_of(const json::Item& object, const Struct& type);  // the bare message
Result<json::Tree> from_protobuf(std::string_view bytes, const Schema& schema, const Resource* expected);
Result<> read_message(std::string_view bytes, const Struct& type, json::Item& into);

// Quantities: "1.5Gi" -> "1536Mi"; invalid as validation.md says it. Times: RFC 3339 to seconds, or to six digits.
Result<std::string> canonical_quantity(std::string_view text);
// -1, 0, 1; of canonical or any valid ones.
int compare_quantities(std::string_view a, std::string_view b);

}  // namespace podo::schema
