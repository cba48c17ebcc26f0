#include "traffic/dns/dns_metrics.h"

#include "base/core/text.h"

namespace podo::cluster_dns {
namespace {

constexpr std::string_view place = R"(server="dns://:53",zone=".")";

class Page {
 public:
  void describe(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += text("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void add(std::string_view labels, std::uint64_t value) {
    text_ += text("{}{{{}{}{}}} {}\n", name_, place, labels.empty() ? "" : ",", labels, value);
  }
  void single(std::string_view name, std::string_view help, std::uint64_t value) {
    describe(name, "counter", help);
    add("", value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string_view name_;
};

std::string type_name(std::size_t number) {
  switch (static_cast<dns::Type>(number)) {
    case dns::Type::a: return "A";
    case dns::Type::aaaa: return "AAAA";
    case dns::Type::cname: return "CNAME";
    case dns::Type::mx: return "MX";
    case dns::Type::ns: return "NS";
    case dns::Type::ptr: return "PTR";
    case dns::Type::soa: return "SOA";
    case dns::Type::srv: return "SRV";
    case dns::Type::txt: return "TXT";
    case dns::Type::any: return "ANY";
    default: return "other";
  }
}

std::string code_name(std::size_t number) {
  constexpr const char* names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return number < std::size(names) ? names[number] : text("RCODE{}", number);
}

struct Sums {
  std::uint64_t datagrams = 0, stream_queries = 0, dropped = 0;
  std::map<std::string, std::uint64_t> types, codes;
};
Sums sums_of(const std::vector<std::unique_ptr<dns::Server>>& servers) {
  Sums sums;
  for (const auto& server : servers) {
    const dns::ServerCounts& counts = server->counts();
    sums.datagrams += counts.datagrams;
    sums.stream_queries += counts.stream_queries;
    sums.dropped += counts.dropped;
    for (std::size_t i = 0; i < counts.types.size(); ++i)
      if (counts.types[i] != 0) sums.types[type_name(i)] += counts.types[i];
    for (std::size_t i = 0; i < counts.codes.size(); ++i)
      if (counts.codes[i] != 0) sums.codes[code_name(i)] += counts.codes[i];
  }
  return sums;
}

}  // namespace

std::string metrics_of(const DnsFigures& figures) {
  const Sums sums = sums_of(figures.servers);
  const dns::AnswerCache::Counts& cache = figures.cache.counts();
  const dns::Forwarder::Counts& forward = figures.forwarder.counts();
  Page page;
  page.describe("coredns_dns_requests_total", "counter", "Queries by type.");
  for (const auto& [type, count] : sums.types) page.add(text(R"(type="{}")", type), count);
  page.describe("podo_dns_queries_total", "counter", "Queries by protocol.");
  page.add(R"(proto="udp")", sums.datagrams);
  page.add(R"(proto="tcp")", sums.stream_queries);
  page.describe("coredns_dns_responses_total", "counter", "Answers by code.");
  for (const auto& [code, count] : sums.codes) page.add(text(R"(rcode="{}")", code), count);
  page.single("podo_dns_dropped_total", "Queries that found too many waiting already.", sums.dropped);
  page.describe("coredns_cache_hits_total", "counter", "Answers from the cache.");
  page.add(R"(type="success")", cache.hits);
  page.add(R"(type="denial")", cache.negative_hits);
  page.single("coredns_cache_misses_total", "Questions whose answer was not in the cache.", cache.misses);
  page.single("coredns_cache_evictions_total", "Answers that made room for others.", cache.evictions);
  page.describe("coredns_cache_entries", "gauge", "Answers in the cache.");
  page.add("", figures.cache.size());
  page.describe("podo_dns_cache_bytes", "gauge", "Memory of the cache.");
  page.add("", figures.cache.bytes());
  page.single("coredns_forward_requests_total", "Questions that went to other servers.", forward.asked);
  page.single("podo_dns_forward_joined_total", "Questions that waited for an equal one.", forward.joined);
  page.single("podo_dns_forward_failures_total", "Questions that no other server answered.", forward.failed);
  page.single("podo_dns_searches_total", "First names of a search path that do not exist.",
              figures.answers.searched);
  page.single("podo_dns_search_hits_total", "Of those: answered with a name further on.",
              figures.answers.found_by_search);
  return page.take();
}

}  // namespace podo::cluster_dns
