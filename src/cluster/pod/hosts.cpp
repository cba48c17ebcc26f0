#include "cluster/pod/hosts.h"

#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::text_at;

constexpr std::size_t label_max = 63, hostname_max = 64;  // of DNS; of uname(2)

std::string shortened(std::string_view name) {
  std::string_view part = name.substr(0, label_max);
  if (part.size() < name.size())
    while (part.ends_with('-') || part.ends_with('.')) part.remove_suffix(1);
  return std::string(part);
}

std::string aliases(const json::Item& pod) {
  std::string lines;
  for (const json::Item& alias : kube::children_at(pod, "spec.hostAliases")) {
    lines.append(text_at(alias, "ip"));
    for (const json::Item& name : kube::children_at(alias, "hostnames"))
      lines.append("\t").append(name.string_or(""));
    lines += '\n';
  }
  return lines.empty() ? lines : "\n# Entries added by HostAliases.\n" + lines;
}

}  // namespace

Result<PodName> name_of_pod(const json::Item& pod, std::string_view cluster_domain) {
  PodName name;
  if (const std::string_view forced = text_at(pod, "spec.hostnameOverride"); !forced.empty()) {
    name.hostname = name.short_name = forced;
    return name;
  }
  const std::string_view wanted = text_at(pod, "spec.hostname");
  name.hostname = name.short_name = shortened(wanted.empty() ? text_at(pod, "metadata.name") : wanted);
  const std::string_view subdomain = text_at(pod, "spec.subdomain");
  if (subdomain.empty()) return name;
  name.domain = text("{}.{}.svc.{}", subdomain, text_at(pod, "metadata.namespace"), cluster_domain);
  if (!kube::is_true_at(pod, "spec.setHostnameAsFQDN")) return name;
  name.hostname = text("{}.{}", name.short_name, name.domain);
  if (name.hostname.size() > hostname_max)
    return invalid(
        "failed to construct FQDN from pod hostname and cluster domain, FQDN {} is too long ({} "
        "characters is the max, {} characters requested)",
        name.hostname, hostname_max, name.hostname.size());
  return name;
}

std::string hosts_file(const json::Item& pod, const PodName& name,
                       const std::vector<std::string>& addresses) {
  std::string file =
      "# Kubernetes-managed hosts file.\n"
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\n"
      "fe00::0\tip6-mcastprefix\n"
      "fe00::1\tip6-allnodes\n"
      "fe00::2\tip6-allrouters\n";
  for (const std::string& address : addresses) {
    if (name.domain.empty()) file.append(text("{}\t{}\n", address, name.short_name));
    else file.append(text("{}\t{}.{}\t{}\n", address, name.short_name, name.domain, name.short_name));
  }
  return file + aliases(pod);
}

std::string hosts_file_of_machine(const json::Item& pod, std::string_view machine_hosts) {
  return text("# Kubernetes-managed hosts file (host network).\n{}{}", machine_hosts, aliases(pod));
}

}  // namespace podo::pod
