#include "container/runtime/creation.h"

namespace podo::runtime {

Result<> Runtime::create(const std::string& id, const CreateOptions& options) {
  const auto creation = TRY(Creation::open({.root = root_, .id = id, .options = options}, clock_, log_));
  TRY(creation->deliver());
  creation->keep();
  return {};
}

}  // namespace podo::runtime
