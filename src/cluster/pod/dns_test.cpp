#include "cluster/pod/dns.h"

#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

std::string resolv_conf(std::string_view spec, const DnsFacts& facts) {
  const json::Tree pod = parsed(text(R"({{"metadata":{{"namespace":"ns"}},"spec":{}}})", spec));
  return dns_of(pod.root(), facts).conf.text();
}

const DnsFacts plain{.machine = "# c\nnameserver 9.9.9.9\nsearch lan home\noptions rotate\n"};
const DnsFacts cluster{.cluster_dns = "10.96.0.10", .machine = plain.machine};

TEST_CASE("resolv.conf follows the policy") {
  const std::string machine = "search lan home\nnameserver 9.9.9.9\noptions rotate\n";
  const std::string of_cluster =
      "search ns.svc.cluster.local svc.cluster.local cluster.local lan home\nnameserver 10.96.0.10\n"
      "options ndots:5\n";
  CHECK_EQ(resolv_conf(R"({"dnsPolicy":"Default"})", cluster), machine);
  CHECK_EQ(resolv_conf(R"({"dnsPolicy":"ClusterFirst"})", cluster), of_cluster);
  CHECK_EQ(resolv_conf(R"({"dnsPolicy":"ClusterFirst"})", plain), machine);
  CHECK_EQ(resolv_conf(R"({"dnsPolicy":"ClusterFirst","hostNetwork":true})", cluster), machine);
  CHECK_EQ(resolv_conf(R"({"dnsPolicy":"ClusterFirstWithHostNet","hostNetwork":true})", cluster), of_cluster);
  CHECK_EQ(resolv_conf(R"({"dnsPolicy":"None"})", cluster), "");
}

TEST_CASE("dnsConfig adds to it, each word once") {
  CHECK_EQ(resolv_conf(R"({"dnsPolicy":"None","dnsConfig":{"nameservers":["1.2.3.4","1.2.3.4"],
             "searches":["ns1.svc.cluster-domain.example","my.dns.search.suffix"],
             "options":[{"name":"ndots","value":"2"},{"name":"edns0"}]}})",
                       cluster),
           "search ns1.svc.cluster-domain.example my.dns.search.suffix\nnameserver 1.2.3.4\n"
           "options ndots:2 edns0\n");
  CHECK_EQ(resolv_conf(R"({"dnsPolicy":"ClusterFirst","dnsConfig":{"nameservers":["1.1.1.1"],
             "searches":["lan","x"],"options":[{"name":"ndots","value":"1"}]}})",
                       cluster),
           "search ns.svc.cluster.local svc.cluster.local cluster.local lan home x\nnameserver 10.96.0.10\n"
           "nameserver 1.1.1.1\noptions ndots:1\n");
}

TEST_CASE("what no resolver reads is cut off and told") {
  const json::Tree pod = parsed(R"({"spec":{"dnsPolicy":"None","dnsConfig":{
    "nameservers":["1.0.0.1","1.0.0.2","1.0.0.3","1.0.0.4"],"searches":["a"]}}})");
  const PodDns dns = dns_of(pod.root(), plain);
  CHECK_EQ(dns.conf.text(), "search a\nnameserver 1.0.0.1\nnameserver 1.0.0.2\nnameserver 1.0.0.3\n");
  REQUIRE(dns.cut.size() == 1);
  CHECK_EQ(
      dns.cut[0],
      "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
      "1.0.0.1 1.0.0.2 1.0.0.3");
  std::string many;
  for (int i = 0; i < 40; ++i)
    many.append(many.empty() ? "" : ",").append(text("\"{}.{}\"", i, std::string(80, 'x')));
  const json::Tree wide = parsed(text(R"({{"spec":{{"dnsConfig":{{"searches":[{}]}}}}}})", many));
  CHECK_EQ(dns_of(wide.root(), {}).conf.search.size(), 24);
  CHECK_EQ(dns_of(wide.root(), {}).cut.size(), 1);
}

TEST_CASE("the machine's file is read as the resolver does") {
  const ResolvConf conf =
      parse_resolv_conf("search a\nsearch b c .\nnameserver ::1 x\n;no\noptions\n domain d");
  CHECK(conf.search == std::vector<std::string>{"b", "c"});
  CHECK(conf.servers == std::vector<std::string>{"::1"});
  CHECK(conf.options.empty());
}

}  // namespace
}  // namespace podo::pod
