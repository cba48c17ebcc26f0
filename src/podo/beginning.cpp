#include "podo/beginning.h"

#include <sys/stat.h>

namespace podo {

Result<> make_data_folder(const std::string& path, unsigned mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (::mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST)
      return failed_errno(errno, "make {}", path.substr(0, slash));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed_errno(errno, "make {}", path);
  if (::chmod(path.c_str(), mode) != 0) return failed_errno(errno, "permissions of {}", path);
  return {};
}

store::LogStoreOptions small_store_options() {
  return {.store = {.limits = {}, .history_bytes = 256 << 10},
          .log = {.segment_bytes = 1 << 20, .log_bytes = 4 << 20}};
}

}  // namespace podo
