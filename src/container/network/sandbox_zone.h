// What the DNS server of a sandbox knows: the names on the networks its container is on. The rest it asks the
// container's servers, or the host's, from the host's own network namespace; a container that is on internal
// networks only is told nothing of the world.
#pragma once

#include "base/dns/exchange.h"
#include "base/dns/server.h"
#include "container/network/names.h"

namespace podo::network {

// How the zone sees the networks; answers are good until the next await.
class NameSource {
 public:
  struct Place {
    const Endpoint* own = nullptr;
    const NetworkNames* names = nullptr;
    bool internal = false;
  };
  virtual ~NameSource() = default;
  virtual std::vector<Place> places_of(std::string_view container_id) const = 0;
  virtual std::vector<dns::Upstream> upstreams_of(std::string_view container_id) const = 0;
};

class SandboxZone final : public dns::Zone {
 public:
  SandboxZone(const NameSource& source, std::string container_id, dns::Exchange& exchange)
      : source_(source), container_id_(std::move(container_id)), exchange_(exchange) {}
  std::optional<dns::Message> know(const dns::Query& query) override;
  io::Task<std::string> find_out(dns::Query query) override;

 private:
  std::vector<const Endpoint*> find(std::string_view name) const;
  std::optional<dns::Message> know_address(const dns::Query& query) const;
  const NameSource& source_;
  std::string container_id_;
  dns::Exchange& exchange_;
  std::size_t turn_ = 0;
};

}  // namespace podo::network
