#include "podo/beginning.h"

#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/io/timer.h"

namespace podo {

Result<> make_data_folder(const std::string& path, unsigned mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (::mkdir(path.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST)
      return failed_errno(errno, "make {}", path.substr(0, slash));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return failed_errno(errno, "make {}", path);
  if (::chmod(path.c_str(), mode) != 0) return failed_errno(errno, "permissions of {}", path);
  return {};
}

void keep_memory_small() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);  // less: buffers of answers come and go with their pages
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

io::Task<void> give_memory_back() {
  constexpr std::size_t worth_it = 4 << 20;
  std::size_t given = 0;  // of what is free
  for (;;) {
    co_await io::sleep(seconds(10));
    const std::size_t free_bytes = ::mallinfo2().fordblks;
    given = std::min(given, free_bytes);
    if (free_bytes - given < worth_it) continue;
    ::malloc_trim(1 << 20);
    given = ::mallinfo2().fordblks;
  }
}

store::LogStoreOptions small_store_options() {
  return {.store = {.limits = {}, .history_bytes = 256 << 10},
          .log = {.segment_bytes = 1 << 20, .log_bytes = 4 << 20}};
}

}  // namespace podo
