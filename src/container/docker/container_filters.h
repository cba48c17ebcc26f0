// Which containers a client wants to see. Private to container/docker.
#pragma once

#include "container/docker/call.h"
#include "container/docker/filters.h"

namespace podo::docker {

class ContainerFilters {
 public:
  // Reads `filters`, `all`, `limit`, `since` and `before` of the query; Invalid when one makes no
  // sense.
  static Result<ContainerFilters> of(const Call& call);
  // From the newest to the oldest, no more than the limit.
  std::vector<engine::ContainerPtr> choose(const Call& call) const;

 private:
  bool takes(const Call& call, const engine::Container& container) const;
  bool takes_image(const Call& call, const engine::Container& container) const;
  bool takes_exit_code(const engine::Container& container) const;
  bool takes_volume(const engine::Container& container) const;
  bool takes_network(const Call& call, const engine::Container& container) const;
  bool takes_port(std::string_view key, const engine::Container& container) const;

  Filters filters_;
  bool all_ = false;
  std::size_t limit_ = 0;  // 0: no limit
  engine::ContainerPtr newer_than_, older_than_;
};

}  // namespace podo::docker
