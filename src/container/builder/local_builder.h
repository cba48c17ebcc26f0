// The maker of Builder. Lives on the loop.
#pragma once

#include "container/builder/places.h"
#include "container/builder/work.h"
#include "container/copy/stat_cache.h"

namespace podo::builder {

class LocalBuilder final : public Builder {
 public:
  LocalBuilder(const BuilderGround& ground, BuilderOptions options);
  Task<void> begin();  // once, before anything else

  Task<BuildResult> build(BuildRequest request, EventSink events) override;
  std::vector<CacheItem> cache() const override { return cache_->items(); }
  Task<engine::Pruned> prune(CachePrune how) override { return cache_->prune(std::move(how)); }

 private:
  Task<void> clear_leftovers();
  Task<void> remove_folders(const Work& work);

  const BuilderGround ground_;
  const BuilderOptions options_;
  StatCache digests_;
  Places places_;
  std::unique_ptr<Cache> cache_;
};

// The path of one build, in build.cpp.
Task<BuildResult> build_image(Work& work);

}  // namespace podo::builder
