#include "podo/memory.h"

#include "base/io/timer.h"

extern "C" {

// Weak: other builds have another allocator, and neither reads the one nor has the other.
__attribute__((weak)) int mallctl(const char*, void*, std::size_t*, void*, std::size_t);

// One arena: a thread of the pool with its own would hold tens of megabytes. Small caches: there are many
// threads, and they do little. What was freed goes back after five seconds.
extern const char* const malloc_conf;
const char* const malloc_conf =
    "narenas:1,oversize_threshold:0,dirty_decay_ms:5000,muzzy_decay_ms:0,"
    "lg_tcache_max:11,tcache_nslots_small_min:4,tcache_nslots_small_max:20";
}

namespace podo {

// The allocator looks at the time when somebody allocates; an idle daemon tells it.
io::Task<void> give_memory_back() {
  for (;;) {
    co_await io::sleep(seconds(10));
    if (::mallctl != nullptr) ::mallctl("arena.4096.decay", nullptr, nullptr, nullptr, 0);  // 4096: of all
  }
}

}  // namespace podo
