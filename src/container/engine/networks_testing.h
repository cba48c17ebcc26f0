// Networks for tests, that only remember what they were asked for.
#pragma once

#include <set>

#include "container/network/networks.h"

namespace podo::engine {

// "bridge", "host", "none" and "app", where everything works at once.
class FakeNetworks final : public network::Networks {
 public:
  FakeNetworks() {
    for (const char* name : {"bridge", "host", "none", "app"}) {
      network::NetworkRecord record;
      record.id = text("id-of-{}", name);
      record.name = name;
      record.driver = record.name == "host" || record.name == "none" ? name : "bridge";
      records_.push_back(std::move(record));
    }
  }
  std::set<std::string> sandboxes;
  std::vector<network::EndpointWish> attached;

  Task<network::NetworkRecord> create(network::NetworkRecord wanted) override { co_return wanted; }
  Task<void> remove(std::string) override { co_return; }
  const network::NetworkRecord* find(std::string_view name) const override {
    for (const network::NetworkRecord& record : records_) {
      if (record.name == name || record.id == name) return &record;
    }
    return nullptr;
  }
  std::vector<const network::NetworkRecord*> list() const override { return {}; }
  std::vector<const network::Endpoint*> endpoints_of_network(std::string_view) const override { return {}; }
  std::vector<const network::Endpoint*> endpoints_of_container(std::string_view) const override { return {}; }
  Task<network::Sandbox> make_sandbox(std::string id) override {
    sandboxes.insert(id);
    co_return network::Sandbox{.id = id, .path = "/netns/" + id};
  }
  Task<void> remove_sandbox(std::string id) override {
    sandboxes.erase(id);
    co_return;
  }
  Task<network::Endpoint> attach(std::string network, network::EndpointWish wish) override {
    network::Endpoint endpoint;
    endpoint.id = "endpoint";
    endpoint.network_id = network;
    endpoint.network_name = find(network)->name;
    endpoint.ipv4 = "10.0.0.2";
    attached.push_back(wish);
    endpoint.wish = std::move(wish);
    co_return endpoint;
  }
  Task<void> detach(std::string, std::string) override { co_return; }
  Task<void> rename_container(std::string, std::string) override { co_return; }
  Task<std::vector<network::PublishedPort>> publish(std::string,
                                                    std::vector<network::PublishedPort> ports) override {
    co_return ports;
  }
  Task<void> unpublish(std::string) override { co_return; }
  Task<std::string> resolv_conf(std::string, network::DnsSettings) override { co_return std::string(); }
  Task<std::vector<Counters>> counters(std::string) override { co_return std::vector<Counters>(); }
  Task<void> restore(std::vector<std::string>) override { co_return; }
  Task<void> close(bool) override { co_return; }

 private:
  std::vector<network::NetworkRecord> records_;
};

}  // namespace podo::engine
