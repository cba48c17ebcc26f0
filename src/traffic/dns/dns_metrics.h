// What the DNS server counts, as Prometheus text. Where CoreDNS counts the same its name is taken, so that
// dashboards made for it show this server; the rest begins with podo_dns_.
#pragma once

#include <memory>

#include "base/dns/forwarder.h"
#include "base/dns/server.h"
#include "traffic/dns/cluster_answers.h"

namespace podo::cluster_dns {

struct DnsFigures {
  const std::vector<std::unique_ptr<dns::Server>>& servers;
  const dns::AnswerCache& cache;
  const dns::Forwarder& forwarder;
  const AnswerCounts& answers;
  const std::string& domain;
};
std::string metrics_of(const DnsFigures& figures);

}  // namespace podo::cluster_dns
