#include "container/runtime/host_facts.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/linux/capability.h"
#include "base/linux/file.h"

namespace podo::runtime {

Result<HostFacts> read_host_facts() {
  const linux::CallerCapabilities caller = TRY(linux::read_capabilities());
  HostFacts facts;
  facts.bounding_capabilities = caller.bounding;
  facts.permitted_capabilities = caller.permitted;
  facts.last_capability = caller.last;
  facts.euid = ::geteuid();
  const auto enabled = linux::read_file("/sys/module/apparmor/parameters/enabled", 16);
  facts.apparmor = enabled && enabled->starts_with('Y');
  facts.selinux = ::access("/sys/fs/selinux/enforce", F_OK) == 0;
  return facts;
}

}  // namespace podo::runtime
