// What the parts of one build share: the ground, what was asked for, and where it works.
//
// Life: made by LocalBuilder::build, outlives everything else of the build. Lives on the loop.
#pragma once

#include "container/builder/builder.h"
#include "container/builder/cache.h"
#include "container/builder/context.h"
#include "container/builder/places.h"
#include "container/builder/variables.h"
#include "model/dockerfile/dockerfile.h"

namespace podo::builder {

struct Work {
  const BuilderGround& ground;
  Cache& cache;
  Places& places;
  std::string id;          // of the build
  std::string folder;      // DATA/build/work/ID: contexts, what was fetched; made by who needs it first
  std::string run_folder;  // RUN/build/ID: mounted trees, secrets
  ContextGround contexts;
  BuildRequest request;
  EventSink events;
  std::unique_ptr<Cache::Lease> lease;
  std::unique_ptr<Context> context = {};
  dockerfile::Dockerfile file = {};
  Given given = {};                                            // build arguments with a value
  std::optional<std::int64_t> epoch = {};                      // SOURCE_DATE_EPOCH
  std::map<std::string, std::unique_ptr<Context>> named = {};  // folders among the named contexts, opened
  std::map<std::string, image::ImagePtr> images_used = {};     // by name and platform
  bool packs = true;                                           // the result needs its layers packed
  bool inline_cache = false;                                   // the result tells its steps (cache_places.h)
  int things_made = 0;                                         // names of what lies in the folders

  Wall now() const { return epoch ? Wall{*epoch * 1'000'000'000} : ground.clock.wall(); }
  std::string next_name() { return text("{}", ++things_made); }
  void tell(const BuildEvent& event) const {
    if (events) events(event);
  }
  // Once each (several platforms meet the same), unless a directive of the Dockerfile turned its rule off.
  void warn(std::string_view rule, std::string message, int line);
  std::vector<BuildEvent> warned = {};
  std::vector<std::string> keys_used = {};  // of all steps that made layers, or none
};

}  // namespace podo::builder
