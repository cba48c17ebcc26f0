// `podo store VERB ...`: a store's folder looked at, backed up, restored and repaired, without the daemon
// and, but for repairing, beside it. What it does is base/store/admin.h; here words become calls, and results
// text.
//
// Results go to standard output, errors to standard error as "podo store: ...". Exit codes: 0; 1 for a
// failure, and for damage that `check` finds; 2 for words it does not understand.
#pragma once

#include <span>

namespace podo::cli {

// `argv` is the whole command line as main() got it, of which the first `skipped` words led here.
int run_store(std::span<char*> argv, std::size_t skipped);

}  // namespace podo::cli
