// linux.netDevices (runtime-spec 1.3, config-linux.md#network-devices): interfaces of the host are moved into
// the container, renamed where asked, with their permanent addresses of global scope, and set up there.
//
//   runtime:  collect_net_devices()   before the birth: they exist; their addresses
//   runtime:  move_net_devices()      the container's network namespace exists
//   child:    raise_net_devices()     in it: addresses again, link up
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"
#include "model/oci/spec.h"

namespace podo::runtime {

struct NetAddress {
  std::uint8_t family = 0, prefix = 0;
  std::string local, peer, broadcast;
};
struct NetDevicePlan {
  std::string name, name_inside;
  std::uint32_t index = 0;
  std::vector<NetAddress> addresses;
};

Result<std::vector<NetDevicePlan>> collect_net_devices(const std::vector<oci::NetDevice>& devices);
Result<> move_net_devices(const std::vector<NetDevicePlan>& devices, const io::Fd& network_namespace);
Result<> raise_loopback();  // of a network namespace just made
Result<> raise_net_devices(const std::vector<NetDevicePlan>& devices);

}  // namespace podo::runtime
