#include "base/io/network.h"

#include "base/core/number.h"

namespace podo::io {

Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    if (text.size() == 5) return invalid("the address {} has no path", text);
    return unix_path(std::string(text.substr(5)));
  }
  if (!text.starts_with("tcp:")) return invalid("the address {} begins with neither tcp: nor unix:", text);
  std::string_view rest = text.substr(4);
  std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return invalid("the address {} has no port", text);
  std::string_view host = rest.substr(0, colon), digits = rest.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) host = host.substr(1, host.size() - 2);
  else if (host.empty() || host.find_first_of(":[]") != std::string_view::npos)
    return invalid("the address {} has no host, or an IPv6 one without brackets", text);
  const auto port = whole_number<std::uint16_t>(digits);
  if (!port) return invalid("the address {} has no port from 0 to 65535", text);
  return tcp(std::string(host), *port);
}

std::string Address::to_text() const {
  if (kind == Kind::unix_path) return "unix:" + host;
  if (host.find(':') != std::string::npos) return text("tcp:[{}]:{}", host, port);
  return text("tcp:{}:{}", host, port);
}

}  // namespace podo::io
