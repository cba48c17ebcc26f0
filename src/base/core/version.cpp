#include "base/core/version.h"

#ifndef PODO_VERSION
#define PODO_VERSION "0.1.0"
#endif
#ifndef PODO_COMMIT
#define PODO_COMMIT "unknown"
#endif

namespace podo {

std::string_view version() { return PODO_VERSION; }
std::string_view commit() { return PODO_COMMIT; }

}  // namespace podo
