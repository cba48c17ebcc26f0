#include "podo/beginning.h"

#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/io/timer.h"
#include "base/linux/file.h"

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

namespace {

// Of memory that no file stands behind: what is there, less what is in use.
std::size_t bytes_unused() {
  const Result<std::string> told = linux::read_file("/proc/self/statm", 256);
  if (!told) return 0;
  unsigned long long pages = 0, there = 0, shared = 0;
  if (::sscanf(told->c_str(), "%llu %llu %llu", &pages, &there, &shared) != 3 || there < shared) return 0;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const struct mallinfo2 info = ::mallinfo2();
  const std::size_t used = info.uordblks + info.hblkhd, has = (there - shared) * page;
  return has - std::min(has, used);
}

}  // namespace

// How much of what is free lies in whole pages, and is there, the allocator does not say: what a look at all
// of it left behind is the measure for the next one. Holes may have become pages without a change of it, so
// once a minute it is looked at anyway, where there is much.
io::Task<void> give_memory_back() {
  constexpr std::size_t worth_it = 4 << 20;
  std::size_t left = 0;
  for (int looks = 1;; ++looks) {
    co_await io::sleep(seconds(10));
    const std::size_t unused = bytes_unused();
    left = std::min(left, unused);
    const bool anyway = looks % 6 == 0 && unused >= worth_it;
    if (unused - left < worth_it && !anyway) continue;
    ::malloc_trim(1 << 20);
    left = bytes_unused();
  }
}

store::LogStoreOptions small_store_options() {
  return {.store = {.limits = {}, .history_bytes = 256 << 10},
          .log = {.segment_bytes = 1 << 20, .log_bytes = 4 << 20}};
}

}  // namespace podo
