// A folder of a fuzz target that unpacks; it goes with the process, unless a finding ends that.
#pragma once

#include <stdlib.h>

#include <string>

#include "base/core/ensure.h"
#include "container/image/tree.h"

namespace podo {

struct Scratch {
  Scratch() { ENSURE(::mkdtemp(path.data()) != nullptr); }
  ~Scratch() { static_cast<void>(image::remove_tree(path)); }
  Scratch(const Scratch&) = delete;

  std::string path = "/tmp/podo-fuzz-XXXXXX";
};

}  // namespace podo
