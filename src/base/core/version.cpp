#include "base/core/version.h"

namespace podo {

// Both from the build (cmake/version.cmake).
std::string_view version() { return PODO_VERSION; }
std::string_view commit() { return PODO_COMMIT; }

}  // namespace podo
