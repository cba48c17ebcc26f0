#include "container/registry_client/endpoint.h"

#include "base/core/ip_address.h"

namespace podo::image {
namespace {

// "host:port" and "[::1]:port" without the port and the brackets.
std::string_view host_of(std::string_view domain) {
  if (domain.starts_with('[')) return domain.substr(1, domain.find(']') - 1);
  return domain.substr(0, domain.find(':'));
}

bool covers(const RegistryRules::Rule& rule, std::string_view domain) {
  if (rule.domain == domain) return true;
  if (!rule.domain.contains('/')) return false;
  const auto prefix = IpPrefix::parse(rule.domain);
  const auto address = IpAddress::parse(host_of(domain));
  return prefix && address && prefix->contains(*address);
}

std::string without_slash(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

}  // namespace

bool is_insecure(const RegistryRules& rules, std::string_view domain) {
  for (const auto& rule : rules.rules)
    if (rule.insecure && covers(rule, domain)) return true;
  const std::string_view host = host_of(domain);
  const auto address = IpAddress::parse(host);
  return host == "localhost" || (address && address->is_loopback());
}

std::vector<Endpoint> endpoints_of(const RegistryRules& rules, std::string_view domain) {
  std::vector<Endpoint> out;
  for (const auto& rule : rules.rules) {
    if (!covers(rule, domain)) continue;
    for (const auto& mirror : rule.mirrors) {
      const auto url = http::Url::parse(mirror);
      if (!url) continue;  // registries.yaml was checked when it was read
      const bool insecure = url->scheme == "http" || is_insecure(rules, url->authority());
      out.push_back({.base = without_slash(url->to_text()), .insecure = insecure, .mirror = true});
    }
  }
  const bool insecure = is_insecure(rules, domain);
  // Docker Hub serves its name from another host.
  const std::string_view host = domain == "docker.io" ? "registry-1.docker.io" : domain;
  out.push_back({.base = text("https://{}", host), .insecure = insecure, .settled = !insecure});
  return out;
}

}  // namespace podo::image
