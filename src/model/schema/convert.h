// Objects between their forms, by the schema: JSON that somebody sent, the canonical JSON that is stored,
// protobuf. Pure.
//
//   shape(tree.root(), type, {&findings})  ->  apply_defaults, rules  ->  canonical(tree.root(), type)
//
// In a shaped object an unset field is absent: null, and for fields that are no pointers also "", 0,
// false, [] and {}, are taken out. Types of lists' and maps' items are kept.
#pragma once

#include <string>
#include <vector>

#include "base/format/json_tree.h"
#include "model/schema/schema.h"

namespace podo::schema {

// What is wrong with an object's form, but need not stop it (fieldValidation Warn): unknown and duplicate
// fields, by path, and the nearest name there is ("" when none is near).
struct Finding {
  enum class Kind : std::uint8_t { unknown, duplicate } kind;
  std::string path, hint;
  std::string text() const;  // `unknown field "spec.containers[0].imagee"`
};
constexpr std::size_t findings_max = 100;

struct ShapeOptions {
  std::vector<Finding>* findings = nullptr;  // appended to, up to findings_max
};
// The object has the types of its schema; unknown members, what is unset, and fields of features that are
// off are taken out; quantities, times, numbers and bytes get their one spelling. Invalid in
// encoding/json's words: "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas
// of type int32".
Result<> shape(json::Item& object, const Struct& type, const ShapeOptions& options = {});

// Constant defaults: published and server's. Conditional ones are rules of the kinds
// (model/kube/defaults.h).
void apply_defaults(json::Item& object, const Struct& type);

// Fields in the order of the schema, maps sorted by key, what is empty left out unless `always`. Stored
// objects and answers have this form (answers end with a newline more). kind and apiVersion first for
// root types.
std::string canonical(const json::Item& object, const Struct& type);
void append_canonical(std::string& out, const json::Item& object, const Struct& type);

// Protobuf as generated.proto has it: with its magic and runtime.Unknown around a root object. The object
// must be shaped.
std::string to_protobuf(const json::Item& object, const Struct& type);
void append_message(std::string& out, const json::Item& object, const Struct& type);  // the bare message
// The magic and runtime.Unknown around a message that is there already.
std::string in_envelope(std::string_view message, std::string_view api_version, std::string_view kind);

// What comes out is shaped. The type is the one that the bytes name, or `expected` when they name none.
Result<json::Tree> from_protobuf(std::string_view bytes, const Schema& schema, const Struct* expected);
Result<> read_message(std::string_view bytes, const Struct& type, json::Item& into);
constexpr std::string_view protobuf_magic = {"k8s\0", 4};

// "1.5Gi" -> "1536Mi"; more of them in quantity.h.
Result<std::string> canonical_quantity(std::string_view text);
int compare_quantities(std::string_view a, std::string_view b);  // -1, 0, 1; what is none counts as 0

}  // namespace podo::schema
