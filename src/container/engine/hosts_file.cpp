#include "container/engine/hosts_file.h"

#include <algorithm>

namespace podo::engine {

std::string make_hosts(std::span<const HostsEntry> entries) {
  std::string out =
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::\tip6-localnet\n"
      "ff00::\tip6-mcastprefix\n"
      "ff02::1\tip6-allnodes\n"
      "ff02::2\tip6-allrouters\n";
  for (const HostsEntry& entry : entries) {
    std::vector<std::string_view> written;
    for (const std::string& name : entry.names) {
      if (name.empty() || std::ranges::find(written, name) != written.end()) continue;
      out += written.empty() ? entry.address + "\t" : " ";
      out += name;
      written.push_back(name);
    }
    if (!written.empty()) out += '\n';
  }
  return out;
}

Result<HostsEntry> parse_extra_host(std::string_view words, std::string_view host_gateway) {
  const std::size_t mark = words.find_first_of(":=");
  if (mark == 0 || mark == std::string_view::npos) return invalid("bad format for add-host: \"{}\"", words);
  std::string_view address = words.substr(mark + 1);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (address == "host-gateway") address = host_gateway;
  if (address.empty()) return invalid("unable to derive the IP value for host-gateway");
  return HostsEntry{std::string(address), {std::string(words.substr(0, mark))}};
}

Link parse_link(std::string_view words) {
  const std::size_t colon = words.find(':');
  std::string_view container = words.substr(0, colon);
  std::string_view alias = colon == std::string_view::npos ? container : words.substr(colon + 1);
  if (container.starts_with('/')) container.remove_prefix(1);
  alias.remove_prefix(std::min(alias.size(), alias.rfind('/') + 1));
  return {std::string(container), std::string(alias)};
}

}  // namespace podo::engine
