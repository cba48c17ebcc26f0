// What the cache keeps in the store, as JSON; cache.h has the keys.
#pragma once

#include "container/builder/cache.h"

namespace podo::builder {

namespace keys {
inline constexpr std::string_view step = "build/step/", fact = "build/fact/", mount = "build/mount/";
}

struct StepRecord {
  CachedStep step;
  Wall used;
  std::uint64_t uses = 0;
};
struct MountRecord {
  std::string id;  // as RUN --mount named it
  Wall created, used;
  std::uint64_t uses = 0, bytes = 0;
};

std::string encode(const StepRecord& record);
std::string encode(const MountRecord& record);
Result<StepRecord> decode_step(std::string_view text);
Result<MountRecord> decode_mount(std::string_view text);

// A step alone, as a member list of an open object, and read from one: records and exported caches have both.
void write_step(json::Writer& out, const CachedStep& step);
Result<CachedStep> read_step(const json::Field& object);

}  // namespace podo::builder
