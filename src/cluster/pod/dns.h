// A pod's resolv.conf: by its dnsPolicy from the cluster's server or the machine's file, with its dnsConfig
// on top. Without a cluster's server ClusterFirst is Default. Pure.
//
//   search NAMESPACE.svc.DOMAIN svc.DOMAIN DOMAIN [those of the machine]
//   nameserver ADDRESS
//   options ndots:5
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_tree.h"

namespace podo::pod {

struct DnsFacts {
  std::string cluster_dns = {}, cluster_domain = "cluster.local";  // cluster_dns "": there is none
  std::string machine = {};                                        // the text of the machine's resolv.conf
};

struct ResolvConf {
  std::vector<std::string> servers, search, options;
  std::string text() const;
};

struct PodDns {
  ResolvConf conf;
  std::vector<std::string> cut;  // what Events say (DNSConfigForming): glibc reads no more than this
};
PodDns dns_of(const json::Item& pod, const DnsFacts& facts);

ResolvConf parse_resolv_conf(std::string_view text);

inline constexpr std::size_t servers_max = 3, search_max = 32, search_bytes_max = 2048;

}  // namespace podo::pod
