// config.json and its parts become values. Errors name the path in the document and what was expected there.
// Unknown members are ignored, as the specification's "Extensibility" section asks.
#pragma once

#include "base/format/json.h"
#include "model/oci/spec.h"

namespace podo::oci {

Result<Config> decode_config(const json::Document& document);
Result<Process> decode_process(const json::Document& document);      // `exec --process FILE`
Result<Resources> decode_resources(const json::Document& document);  // `update --resources FILE`

}  // namespace podo::oci
