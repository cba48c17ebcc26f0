#include "podo/memory.h"

#include "base/io/timer.h"

extern "C" {

// Weak: other builds have another allocator, and neither reads the one nor has the other.
__attribute__((weak)) int mallctl(const char*, void*, std::size_t*, void*, std::size_t);

// One arena: a thread with its own would hold tens of megabytes. Small caches, since few threads compute.
extern const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:1,oversize_threshold:0,dirty_decay_ms:3000,muzzy_decay_ms:0,"
    "lg_tcache_max:11,tcache_nslots_small_min:4,tcache_nslots_small_max:20";
}

namespace podo {

// By itself the allocator does so only while somebody allocates. All that is free then: to have it back costs
// a page fault each, less than a thousandth of a core where much comes and goes.
io::Task<void> give_memory_back() {
  if (::mallctl == nullptr) co_return;
  for (;;) {
    co_await io::sleep(seconds(3));
    ::mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // 4096: of all arenas
  }
}

}  // namespace podo
