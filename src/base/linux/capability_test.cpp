#include "base/linux/capability.h"

#include <doctest/doctest.h>
#include <linux/capability.h>

#include "base/linux/file.h"

namespace podo::linux {

TEST_CASE("capabilities by name and number") {
  CHECK(find_capability("CAP_CHOWN") == CAP_CHOWN);
  CHECK(find_capability("CAP_SYS_RESOURCE") == CAP_SYS_RESOURCE);
  CHECK(find_capability("CAP_CHECKPOINT_RESTORE") == CAP_CHECKPOINT_RESTORE);
  for (const auto* unknown : {"", "CHOWN", "cap_chown", "CAP_CHOWN ", "CAP_ALL"}) {
    CAPTURE(unknown);
    CHECK(!find_capability(unknown));
  }
  CHECK(name_capabilities(0).empty());
  CHECK(name_capabilities(capability_bit(CAP_KILL) | capability_bit(CAP_MKNOD) | capability_bit(63)) ==
        "CAP_KILL, CAP_MKNOD, capability 63");
}

TEST_CASE("the caller's sets are those that /proc tells") {
  const auto caller = read_capabilities();
  REQUIRE(caller);
  const auto status = read_file("/proc/self/status", 1 << 16);
  REQUIRE(status);
  const auto told = [&](std::string_view name) {
    const std::size_t at = status->find(name) + name.size();
    return std::stoull(status->substr(at), nullptr, 16);
  };
  CHECK(caller->permitted == told("CapPrm:"));
  CHECK(caller->effective == told("CapEff:"));
  CHECK(caller->inheritable == told("CapInh:"));
  CHECK(caller->bounding == told("CapBnd:"));
  const auto last = read_file("/proc/sys/kernel/cap_last_cap", 16);
  REQUIRE(last);
  CHECK(caller->last == std::stoi(*last));
}

}  // namespace podo::linux
