// YAML (1.1, as libyaml reads it) becomes JSON text, by the rules by which Kubernetes reads its manifests.
//
//   to_json("kind: Pod\n---\nports: [0x1F, \"80\"]\n") -> {"kind":"Pod"}  {"ports":[31,"80"]}
//
// - One JSON text a document of the stream; a document with nothing in it (between two `---`) is left out.
// - Plain scalars: null ~ and nothing are null; true yes on y, false no off n (also Capitalized and
//   UPPER) are booleans; decimal, 0x 0o 0b and leading-zero octal integers and decimal fractions are
//   numbers, `_` inside them is skipped; everything else is a string, dates too. Quoted, literal and
//   folded scalars are strings. Explicit !!str !!int !!float !!bool !!null !!binary are obeyed; other
//   tags are ignored.
// - Numbers keep their digits (Kubernetes rounds to 64 bits what is longer). .inf and .nan are errors:
//   JSON has neither.
// - Keys become strings as their values are written: `8080: x` -> "8080", `on: x` -> "true". A null or
//   a container as a key, and a key that stands twice, are errors; so is an alias inside its own
//   anchor.
// - Aliases and merge keys (`<<: *base`, own keys win, then the first merged) are expanded. A document
//   that expands past the limits is refused before it is written: an alias costs its limits what a copy
//   would.
// Errors are Invalid and begin with `line 3, column 5: `.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/format/json_document.h"

namespace podo::yaml {

using json::Limits;  // bytes: read, and written in all; depth and values: of each document

Result<std::vector<std::string>> to_json(std::string_view yaml, const Limits& limits = {});

}  // namespace podo::yaml
