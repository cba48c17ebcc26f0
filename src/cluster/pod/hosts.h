// What a pod is called, and its /etc/hosts, as the kubelet writes it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/format/json_tree.h"

namespace podo::pod {

struct PodName {
  std::string hostname;  // at most 63 bytes; of the kernel's too (setHostnameAsFQDN: the whole name)
  std::string short_name, domain;  // domain: "web.shop.svc.cluster.local", "" without a subdomain
};
// hostnameOverride, hostname or the pod's name; with subdomain. Invalid: a whole name beyond 64 bytes.
Result<PodName> name_of_pod(const json::Item& pod, std::string_view cluster_domain);

// `addresses`: the pod's.
std::string hosts_file(const json::Item& pod, const PodName& name, const std::vector<std::string>& addresses);
// With the machine's network: its own file, and hostAliases.
std::string hosts_file_of_machine(const json::Item& pod, std::string_view machine_hosts);

}  // namespace podo::pod
