// The files that patterns take from a source, and their digest. Of trees of layers the digest is remembered
// as a fact, by chain id and patterns: neither is mounted or read again. Lives on the loop.
#pragma once

#include "container/builder/solve.h"

namespace podo::builder {

struct Taken {
  std::string digest;
  std::shared_ptr<const Selected> files;  // null: of a tree of layers, which does not change meanwhile
};
Task<Taken> take_files(Work& work, const Source& source, std::vector<std::string> patterns,
                       SelectOptions options);

}  // namespace podo::builder
