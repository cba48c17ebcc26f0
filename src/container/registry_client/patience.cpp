#include "container/registry_client/patience.h"

#include <algorithm>

namespace podo::image {
namespace {

constexpr Duration first_rest = milliseconds(250), longest_rest = seconds(8);
constexpr Duration longest_asked = seconds(60);

}  // namespace

Task<void> Patience::rest(Error error, Duration at_least) {
  ++failed_;
  if (failed_ >= tries_ || at_least > longest_asked) co_await Failure(std::move(error));
  const Duration full = std::min(first_rest * (std::int64_t{1} << std::min(failed_ - 1, 6u)), longest_rest);
  const auto half = static_cast<std::uint64_t>(full.ns / 2);
  const Duration wait = {full.ns - static_cast<std::int64_t>(random_.below(half + 1))};
  co_await io::sleep(std::max(wait, at_least));
}

}  // namespace podo::image
