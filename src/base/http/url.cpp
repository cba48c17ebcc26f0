
#include "base/core/number.h"
#include "base/http/client.h"

namespace podo::http {
namespace {

std::uint16_t port_of(std::string_view scheme) {
  if (scheme == "https") return 443;
  return scheme == "http" ? 80 : 0;
}

bool is_target_character(char c) { return c > ' ' && c < '\x7f'; }

// "host", "host:port", "[::1]", "[::1]:port"
Result<void> take_authority(Url& url, std::string_view authority) {
  std::size_t host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[')) {
    if (host_end == std::string_view::npos) return invalid("a ']' is missing in '{}'", authority);
    url.host = authority.substr(1, host_end - 1);
    ++host_end;
  } else {
    url.host = authority.substr(0, host_end);
  }
  if (url.host.empty()) return invalid("a host is missing");
  if (host_end >= authority.size()) return {};
  std::string_view port = authority.substr(host_end + 1);
  const auto number = whole_number<std::uint16_t>(port);
  if (authority[host_end] != ':' || !number) return invalid("'{}' is no port", port);
  url.port = *number;
  return {};
}

// A path without its "." and ".." (RFC 3986 5.2.4).
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    std::size_t end = std::min(path.find('/', 1), path.size());
    std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    bool up = segment == "/..", stay = segment == "/.";
    if (up) out.resize(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
    if (!up && !stay) out += segment;
    else if (path.empty()) out += '/';
  }
  return out;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  std::string_view whole = text;
  text = text.substr(0, text.find('#'));
  std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return invalid("'{}' is no URL", whole);
  Url url;
  for (char c : text.substr(0, colon)) url.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  url.port = port_of(url.scheme);
  text.remove_prefix(colon + 3);
  std::size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  if (authority.contains('@')) return invalid("'{}': credentials do not belong into a URL", whole);
  TRY_IN(podo::text("'{}'", whole), take_authority(url, authority));
  if (url.scheme == "unix") url.host = percent_decode(url.host);
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  for (char c : url.target)
    if (!is_target_character(c)) return invalid("'{}' has characters that must be encoded", whole);
  return url;
}

std::string Url::origin() const {
  if (scheme == "unix") return text("unix://{}", percent_encode(host));
  bool v6 = host.contains(':');
  return text("{}://{}{}{}:{}", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::string Url::authority() const {
  if (scheme == "unix") return "localhost";
  bool v6 = host.contains(':');
  std::string out = text("{}{}{}", v6 ? "[" : "", host, v6 ? "]" : "");
  if (port != port_of(scheme)) out += text(":{}", port);
  return out;
}

std::string Url::to_text() const {
  if (scheme == "unix") return origin() + target;
  return text("{}://{}{}", scheme, authority(), target);
}

Result<Url> Url::resolve(std::string_view reference) const {
  reference = reference.substr(0, reference.find('#'));
  std::size_t colon = reference.find("://");
  if (colon < reference.find_first_of("/?")) return parse(reference);
  if (reference.starts_with("//")) return parse(text("{}:{}", scheme, reference));
  std::string_view own_path = std::string_view(target).substr(0, target.find('?'));
  std::string base = scheme == "unix" ? origin() : text("{}://{}", scheme, authority());
  if (reference.empty()) return *this;
  if (reference.starts_with('?')) return parse(base + std::string(own_path) + std::string(reference));
  std::string joined(reference);
  if (!reference.starts_with('/')) joined.insert(0, own_path.substr(0, own_path.rfind('/') + 1));
  std::size_t query = std::min(joined.find('?'), joined.size());
  return parse(base + without_dots(joined.substr(0, query)) + joined.substr(query));
}

}  // namespace podo::http
