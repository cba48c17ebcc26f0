// Which path leads to which handler. Private to container/docker.
#pragma once

#include "container/docker/handlers.h"

namespace podo::docker {

struct Found {
  Task<void> (*handler)(Call&) = nullptr;  // null: there is no such page
  std::string_view name = {};              // a view of the path
};
// `path` is decoded and without a version.
Found find_route(std::string_view method, std::string_view path);

}  // namespace podo::docker
