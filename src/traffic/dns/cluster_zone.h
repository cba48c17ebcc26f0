// The zone of the cluster's domain, from its names: pure, no I/O. Kubernetes DNS-based service discovery
// 1.1.0; where that leaves it open, as CoreDNS does (pods by address are believed, endpoints of Services with
// an address have names, too).
//
//   SERVICE.NAMESPACE.svc.DOMAIN                    A AAAA SRV, CNAME of an ExternalName
//   _PORT._PROTOCOL.SERVICE.NAMESPACE.svc.DOMAIN    SRV
//   ENDPOINT.SERVICE.NAMESPACE.svc.DOMAIN           A AAAA SRV; ENDPOINT := hostname | address with dashes
//   ADDRESS-WITH-DASHES.NAMESPACE.pod.DOMAIN        A AAAA, while the namespace exists
//   dns-version.DOMAIN                              TXT
//   ns.dns.DOMAIN, DOMAIN                           A AAAA of this server; SOA NS
//   reversed addresses                              PTR, of those that have a name here
//
// A name that exists, or has something below it, has no data of other types; any other does not exist.
#pragma once

#include <optional>
#include <span>

#include "base/dns/message.h"
#include "traffic/dns/cluster_names.h"

namespace podo::cluster_dns {

inline constexpr std::uint32_t record_ttl_s = 30, negative_ttl_s = 5;

struct Finding {
  dns::Code code = dns::Code::no_error;
  std::vector<dns::Record> answers = {}, additional = {};
  std::string alias_of = {};  // not empty: the last answer is a CNAME, and this name has to be asked next
};

class ClusterZone {
 public:
  ClusterZone(const ClusterNames& names, std::string domain, std::vector<IpAddress> own)
      : names_(names), domain_(dns::lower(domain)), own_(std::move(own)) {}

  const std::string& domain() const { return domain_; }
  bool owns(std::string_view name) const { return dns::is_within(name, domain_); }
  // Of a name that it owns.
  Finding find(const dns::Question& question) const;
  // PTR records of an address; none: nobody here has it.
  std::vector<dns::Record> find_names(const dns::Question& question, const IpAddress& address) const;
  dns::Record authority(std::uint32_t serial) const;

 private:
  struct Place;
  using Labels = std::span<const std::string_view>;
  Finding at_domain(const dns::Question& question) const;
  Finding at_own_address(const dns::Question& question) const;
  Finding in_services(const dns::Question& question, Labels labels) const;
  Finding in_pods(const dns::Question& question, Labels labels) const;
  Finding at_service(const dns::Question& question, const Place& place) const;
  Finding at_endpoint(const dns::Question& question, const Place& place, std::string_view label) const;
  Finding at_port(const dns::Question& question, const Place& place, std::string_view port,
                  std::string_view protocol) const;

  const ClusterNames& names_;
  const std::string domain_;
  const std::vector<IpAddress> own_;
};

}  // namespace podo::cluster_dns
