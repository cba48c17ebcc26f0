// JSON for readers: parse() and Value (json_document.h), and Field for decoders (json_field.h).
#pragma once

#include "base/format/json_document.h"  // IWYU pragma: export
#include "base/format/json_field.h"     // IWYU pragma: export
