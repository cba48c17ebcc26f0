#include "cluster/pod/image_policy.h"

#include <algorithm>

#include "base/format/base64.h"
#include "cluster/pod/downward.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::text_at;

// Docker Hub is known by several names.
std::string_view as_domain(std::string_view host) {
  return host == "index.docker.io" || host == "registry-1.docker.io" ? "docker.io" : host;
}

// "https://index.docker.io/v1/" -> "docker.io"
std::string normalized(std::string_view server) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (server.starts_with(scheme)) server.remove_prefix(scheme.size());
  }
  const std::size_t slash = std::min(server.find('/'), server.size());
  std::string_view path = server.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path == "/v1" || path == "/v2") path = {};
  return text("{}{}", as_domain(server.substr(0, slash)), path);
}

struct HostPort {
  std::string_view host, port;
};
HostPort split_port(std::string_view domain) {
  const std::size_t colon = domain.rfind(':');
  if (colon == std::string_view::npos || domain.substr(colon).contains(']')) return {domain, {}};
  return {domain.substr(0, colon), domain.substr(colon + 1)};
}

// '*' stands for anything within a part of a name.
bool glob_matches(std::string_view pattern, std::string_view part) {
  if (pattern.empty()) return part.empty();
  if (pattern.front() != '*')
    return !part.empty() && pattern.front() == part.front() &&
           glob_matches(pattern.substr(1), part.substr(1));
  for (std::size_t skip = 0; skip <= part.size(); ++skip) {
    if (glob_matches(pattern.substr(1), part.substr(skip))) return true;
  }
  return false;
}

std::string_view take_part(std::string_view& name) {
  const std::size_t dot = std::min(name.find('.'), name.size());
  const std::string_view part = name.substr(0, dot);
  name.remove_prefix(std::min(dot + 1, name.size()));
  return part;
}

bool host_matches(std::string_view pattern, std::string_view host) {
  if (std::ranges::count(pattern, '.') != std::ranges::count(host, '.')) return false;
  while (!pattern.empty() || !host.empty()) {
    if (!glob_matches(take_part(pattern), take_part(host))) return false;
  }
  return true;
}

bool matches(std::string_view pattern, const oci::Reference& image) {
  const std::size_t slash = std::min(pattern.find('/'), pattern.size());
  const HostPort wanted = split_port(pattern.substr(0, slash)), have = split_port(image.domain);
  if (wanted.port != have.port || !host_matches(wanted.host, have.host)) return false;
  return slash == pattern.size() || text("/{}", image.path).starts_with(pattern.substr(slash));
}

image::Credentials credentials_of(const json::Item& entry) {
  image::Credentials credentials{.user = std::string(text_at(entry, "username")),
                                 .password = std::string(text_at(entry, "password")),
                                 .identity_token = std::string(text_at(entry, "identitytoken"))};
  std::string encoded(text_at(entry, "auth"));
  if (encoded.empty()) return credentials;
  std::erase_if(encoded, [](char c) { return c == '\n' || c == '\r'; });
  while (encoded.size() % 4 != 0) encoded += '=';
  const auto decoded = base64::decode(encoded);
  const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) return credentials;
  credentials.user = decoded->substr(0, colon);
  credentials.password = decoded->substr(colon + 1);
  return credentials;
}

}  // namespace

PullPolicy pull_policy(const json::Item& container) {
  const std::string_view policy = text_at(container, "imagePullPolicy");
  if (policy == "Always") return PullPolicy::always;
  if (policy == "Never") return PullPolicy::never;
  if (policy == "IfNotPresent") return PullPolicy::if_not_present;
  const auto image = oci::Reference::parse(text_at(container, "image"));
  return image && image->tag == "latest" ? PullPolicy::always : PullPolicy::if_not_present;
}

Result<oci::Reference> parse_image(std::string_view image) {
  auto parsed = oci::Reference::parse(image);
  if (parsed) return parsed;
  return invalid("couldn't parse image reference {}: {}", quoted(image), parsed.error().message());
}

void Keyring::add(const json::Item& secret) {
  const std::string_view type = text_at(secret, "type");
  const bool wrapped = type == "kubernetes.io/dockerconfigjson";
  if (!wrapped && type != "kubernetes.io/dockercfg") return;
  const json::Item* data = kube::part_at(secret, "data").find(wrapped ? ".dockerconfigjson" : ".dockercfg");
  const auto decoded = base64::decode(data ? data->string_or("") : "");
  if (!decoded) return;
  const auto config = json::Tree::parse(*decoded);
  if (!config) return;
  for (const json::Item& entry : kube::children(wrapped ? config->root().find("auths") : &config->root())) {
    image::Credentials credentials = credentials_of(entry);
    if (!credentials.empty()) entries.push_back({normalized(entry.key()), std::move(credentials)});
  }
}

std::vector<image::Credentials> Keyring::find(const oci::Reference& image) const {
  std::vector<const Entry*> found;
  for (const Entry& entry : entries) {
    if (matches(entry.pattern, image)) found.push_back(&entry);
  }
  std::ranges::stable_sort(found, [](const Entry* a, const Entry* b) { return a->pattern > b->pattern; });
  std::vector<image::Credentials> credentials;
  for (const Entry* entry : found) credentials.push_back(entry->credentials);
  return credentials;
}

}  // namespace podo::pod
