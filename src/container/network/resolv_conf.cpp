#include "base/linux/file.h"
#include "container/network/machine_networks.h"

namespace podo::network {

Task<std::string> MachineNetworks::resolv_conf(std::string, DnsSettings wished) {
  std::string out;
  for (const std::string& server : wished.servers) out += text("nameserver {}\n", server);
  co_return out;
}

}  // namespace podo::network
