// The daemon's own nft table, as pure functions from what there is to batches of changes.
//
//   table inet PREFIX
//     set bridges, internal                     names of bridges
//     set within                                (bridge . the same bridge), where containers may talk
//     map published4/6                          (host address . protocol . port) -> (address . port)
//     map published_any4/6                      (protocol . port) -> (address . port)
//     set selves4/6                             (address . the same), of those that ports lead to
//     chain early        raw: who stands on a bridge cannot reach, or speak as, the host's 127.0.0.0/8
//     chain forward      bridges do not reach one another, nothing comes in but to published ports and as an
//                        answer, internal ones reach nothing
//     chain prerouting, output -> published    destination NAT, also from the host's own loopback
//     chain postrouting  masquerade: to the world, from 127.0.0.1, and a container that meets its own network
//                        through a published port (its answers must pass here again: they do by themselves
//                        where containers are no neighbours, unless it meets itself)
//
// Accepting a packet here ends only this table's say: the host's other tables see it too. Rules are made new
// when a network comes or goes; published ports are elements, changed one by one.
#pragma once

#include <string>
#include <vector>

#include "base/core/ip_address.h"
#include "base/linux/nftables.h"

namespace podo::network {

struct FirewallNetwork {
  std::string bridge;
  IpPrefix subnet4, subnet6;         // none: the family is not there
  IpAddress speaks_as4, speaks_as6;  // instead of the address of the link towards the world
  bool internal = false;
  bool talks_within = true;  // its containers reach each other
  bool masquerade = true;
  bool routed = false;        // reachable from outside by its own addresses
  bool through_host = false;  // answers between its containers pass here anyhow: their sources are kept
};

// A port of the host leads to one of a container, both of the same family.
struct Translation {
  std::uint8_t protocol = 0;  // IPPROTO_*
  IpAddress host;             // unspecified: any address of the host
  std::uint16_t host_port = 0;
  IpAddress target;
  std::uint16_t target_port = 0;
  auto operator<=>(const Translation&) const = default;
};

// Makes the table, whatever was in it before.
linux::NftBatch firewall_table(const std::string& table, const std::vector<FirewallNetwork>& networks,
                               const std::vector<Translation>& translations);
linux::NftBatch firewall_networks(const std::string& table, const std::vector<FirewallNetwork>& networks);
linux::NftBatch firewall_translations(const std::string& table, const std::vector<Translation>& removed,
                                      const std::vector<Translation>& added);
linux::NftBatch firewall_removed(const std::string& table);

}  // namespace podo::network
