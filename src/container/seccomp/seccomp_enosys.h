// The part of a filter that comes first: what is newer than libseccomp does not exist. Pure.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace podo::runtime {

// For each of these architectures (libseccomp's tokens): calls above the newest that libseccomp knows
// give ENOSYS, all else goes on to the instructions behind.
std::vector<sock_filter> enosys_stub(std::span<const std::uint32_t> architectures);

}  // namespace podo::runtime
