// What a store holds, as text for people and as JSON lines for programs. No I/O.
#pragma once

#include <functional>
#include <string>

#include "base/store/admin.h"

namespace podo::cli {

// Of `check`: a line a thing that was counted.
std::string counts_of(const store::Contents& contents);

// Of `stat`: where everything is, and which prefixes it belongs to.
std::string describe_store(std::string_view path, const store::Contents& contents);

// Of `dump`: a line an entry, by key.
//
//   line  := {"key":K,"value":V,"created":N,"modified":N,"version":N}
//   K, V  are strings; what is not UTF-8 is "key_base64", "value_base64" instead; a value that is still
//         sealed is "sealed":ID, the number of its key
//
// `print` gets pieces of whole lines.
Result<> dump_store(const store::Contents& contents, std::string_view prefix,
                    const std::function<Result<>(std::string_view)>& print);

}  // namespace podo::cli
