// What comes with a write: its options in the query, and an object in the body, in JSON, YAML or protobuf.
// Mistakes are answered in upstream's words (facts: validation.md, section 3).
#pragma once

#include <optional>

#include "base/format/json_tree.h"
#include "cluster/api_request/request.h"
#include "model/schema/convert.h"

namespace podo::apiserver {

enum class FieldValidation : std::uint8_t { ignore, warn, strict };

// CreateOptions, UpdateOptions, PatchOptions.
struct WriteOptions {
  bool dry_run = false;
  FieldValidation validation = FieldValidation::warn;
  std::string manager;  // fieldManager, or what the User-Agent begins with
  bool manager_given = false;
  std::optional<bool> force = {};  // patches only
};
Result<WriteOptions> read_write_options(Request& request, std::string_view kind);
// ?dryRun=All or nothing.
Result<bool> read_dry_run(Request& request, std::string_view kind);

// The kind that a body must be of.
struct Wanted {
  const schema::Struct& type;
  std::string_view api_version, kind;
};
Wanted wanted_of(const Request& request);  // the request's subresource, or its resource

Task<std::string> read_body(Request& request);  // 413 over the limit
// Shaped, with kind and apiVersion. Unknown and duplicate fields become warnings or a refusal.
Result<json::Tree> decode_object(Request& request, std::string bytes, Encoding encoding, const Wanted& wanted,
                                 FieldValidation validation);
// DeleteOptions: of any API version; unknown fields do not matter.
Result<json::Tree> decode_options(Request& request, std::string bytes, Encoding encoding,
                                  const schema::Struct& type);
Task<json::Tree> read_object(Request& request, Wanted wanted, FieldValidation validation);

// Of findings and duplicates: `unknown field "spec.x"`; as one text for a refusal.
struct Strictness {
  std::vector<schema::Finding> findings = {};
  std::vector<std::string> duplicates = {};
  bool empty() const { return findings.empty() && duplicates.empty(); }
  std::vector<std::string> texts() const;
  std::string hint() const;                   // ` (did you mean "image"?)`, or ""
  std::vector<std::string> warnings() const;  // texts with their hints
  std::string error() const;  // `strict decoding error: unknown field "imagee" (did you mean "image"?)`
};

}  // namespace podo::apiserver
