#include <algorithm>

#include "base/core/number.h"
#include "model/dockerfile/dockerfile.h"
#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

std::optional<std::uint16_t> port_number(std::string_view text) { return whole_number<std::uint16_t>(text); }

}  // namespace

Result<std::vector<std::string>> exposed_ports(std::string_view word) {
  constexpr std::string_view protocols[] = {"tcp", "udp", "sctp"};
  const std::size_t slash = std::min(word.find('/'), word.size());
  const std::string protocol = slash + 1 < word.size() ? lower(word.substr(slash + 1)) : "tcp";
  // "ip:host:container" is taken, as it always was, but only the last says something.
  std::string_view ports = word.substr(0, slash);
  ports.remove_prefix(ports.rfind(':') + 1);  // npos + 1: 0
  if (ports.empty()) return invalid("no port specified: {}<empty>", word);
  const std::size_t dash = std::min(ports.find('-'), ports.size());
  const auto first = port_number(ports.substr(0, dash));
  const auto last = dash == ports.size() ? first : port_number(ports.substr(dash + 1));
  if (!first || !last || *last < *first) return invalid("invalid containerPort: {}", ports);
  if (!std::ranges::contains(protocols, protocol)) return invalid("invalid proto: {}", protocol);
  std::vector<std::string> exposed;
  for (std::uint32_t port = *first; port <= *last; ++port) exposed.push_back(text("{}/{}", port, protocol));
  return exposed;
}

}  // namespace podo::dockerfile
