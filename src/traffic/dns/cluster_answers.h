// What the cluster's DNS server answers: from the zone, from elsewhere, and from both together.
//
// Aliases (ExternalName) are followed, so that the addresses are in the same answer.
//
// A client in namespace NS has the search path NS.svc.DOMAIN, svc.DOMAIN, DOMAIN and then the machine's own
// domains, and tries them in turn for every name with fewer than five dots: four or more questions for
// "example.com". When NAME.NS.svc.DOMAIN does not exist, this is most likely such a first try. The answer is
// then an alias to the first name of the rest of the path that has addresses, with them, and the client is
// done. Who really meant the name gets that answer instead of "no such name", the price of not looking at who
// asks. It is therefore not given
// - for other types than A and AAAA, and where NS is no namespace;
// - below the name of a Service of NS: a pod of it that is not ready yet;
// - for a single label that is the name of a Service in any namespace;
// - from outside of the cluster for "NAME.NAMESPACE" with an existing namespace.
// In these cases, and when nothing is found, the answer is the plain truth, and the client goes on by itself.
#pragma once

#include "base/dns/forwarder.h"
#include "base/dns/server.h"
#include "traffic/dns/cluster_zone.h"

namespace podo::cluster_dns {

struct AnswerCounts {
  std::uint64_t searched = 0, found_by_search = 0;
};

class ClusterAnswers final : public dns::Zone {
 public:
  ClusterAnswers(const ClusterNames& names, const ClusterZone& zone, dns::AnswerCache& cache,
                 dns::Forwarder& forwarder)
      : names_(names), zone_(zone), cache_(cache), forwarder_(forwarder) {}

  // Before all names are known, questions for them fail: clients ask again.
  void set_ready() { ready_ = true; }
  bool ready() const { return ready_; }
  void set_search(std::vector<std::string> domains) { search_ = std::move(domains); }  // the machine's

  std::size_t recall(const dns::QueryView& query, std::span<char> into) override {
    return cache_.recall(query, into);
  }
  std::optional<dns::Message> know(const dns::Query& query) override;
  io::Task<std::string> find_out(dns::Query query) override;
  const AnswerCounts& counts() const { return counts_; }

 private:
  struct Sought {  // NAME.NAME_SPACE.svc.DOMAIN
    std::string name, name_space;
  };
  std::optional<dns::Message> know_address(const dns::Message& query, const IpAddress& address) const;
  dns::Message answer_of(const dns::Message& query, Finding finding) const;
  dns::Message authoritative_reply(const dns::Message& query, dns::Code code) const;
  std::optional<Sought> sought_by(const dns::Question& question) const;
  std::vector<std::string> candidates(const Sought& sought) const;
  io::Task<dns::Message> resolve(dns::Message query, int aliases);
  io::Task<dns::Message> search(dns::Message query, Sought sought);
  io::Task<std::optional<dns::Message>> try_candidate(dns::Message query, std::string name);

  const ClusterNames& names_;
  const ClusterZone& zone_;
  dns::AnswerCache& cache_;
  dns::Forwarder& forwarder_;
  std::vector<std::string> search_;
  bool ready_ = false;
  AnswerCounts counts_;
};

}  // namespace podo::cluster_dns
