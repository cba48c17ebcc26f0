#include "cluster/pod/hosts.h"

#include "cluster/pod/pod_testing.h"

namespace podo::pod {
namespace {

constexpr std::string_view domain = "cluster.local";

TEST_CASE("a pod's name is what it says, or its own") {
  const auto name = [](std::string_view spec) {
    const json::Tree pod =
        parsed(text(R"({{"metadata":{{"name":"web-1","namespace":"ns"}},"spec":{}}})", spec));
    const auto made = name_of_pod(pod.root(), domain);
    return made ? text("{} {} {}", made->hostname, made->short_name, made->domain)
                : "error: " + made.error().message();
  };
  CHECK_EQ(name("{}"), "web-1 web-1 ");
  CHECK_EQ(name(R"({"hostname":"h"})"), "h h ");
  CHECK_EQ(name(R"({"hostname":"h","subdomain":"s"})"), "h h s.ns.svc.cluster.local");
  CHECK_EQ(name(R"({"subdomain":"s","setHostnameAsFQDN":true})"),
           "web-1.s.ns.svc.cluster.local web-1 s.ns.svc.cluster.local");
  CHECK_EQ(name(R"({"setHostnameAsFQDN":true})"), "web-1 web-1 ");
  CHECK_EQ(name(R"({"hostname":"h","subdomain":"s","hostnameOverride":"x.y"})"), "x.y x.y ");
  const std::string long_name(70, 'a');
  CHECK_EQ(name(text(R"({{"hostname":"{}"}})", long_name)),
           text("{} {} ", long_name.substr(0, 63), long_name.substr(0, 63)));
  CHECK_EQ(name(text(R"({{"hostname":"{}--b"}})", long_name.substr(0, 62))),
           text("{} {} ", long_name.substr(0, 62), long_name.substr(0, 62)));
  CHECK_EQ(
      name(text(R"({{"hostname":"{}","subdomain":"s","setHostnameAsFQDN":true}})", long_name.substr(0, 50))),
      text("error: failed to construct FQDN from pod hostname and cluster domain, FQDN {}.s.ns.svc."
           "cluster.local is too long (64 characters is the max, 73 characters requested)",
           long_name.substr(0, 50)));
}

TEST_CASE("/etc/hosts is the kubelet's, to the byte") {
  const json::Tree pod = parsed(R"({"metadata":{"name":"web","namespace":"ns"},"spec":{"subdomain":"s",
    "hostAliases":[{"ip":"1.2.3.4","hostnames":["a.b","c"]},{"ip":"5.6.7.8","hostnames":["d"]}]}})");
  const std::string head =
      "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
  const std::string tail = "\n# Entries added by HostAliases.\n1.2.3.4\ta.b\tc\n5.6.7.8\td\n";
  CHECK_EQ(
      hosts_file(pod.root(), *name_of_pod(pod.root(), domain), {"10.1.0.2", "fd00::2"}),
      head + "10.1.0.2\tweb.s.ns.svc.cluster.local\tweb\nfd00::2\tweb.s.ns.svc.cluster.local\tweb\n" + tail);
  const json::Tree plain = parsed(R"({"metadata":{"name":"web"}})");
  CHECK_EQ(hosts_file(plain.root(), *name_of_pod(plain.root(), domain), {"10.1.0.2"}),
           head + "10.1.0.2\tweb\n");
  CHECK_EQ(hosts_file_of_machine(pod.root(), "127.0.0.1 localhost\n"),
           "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n" + tail);
}

}  // namespace
}  // namespace podo::pod
