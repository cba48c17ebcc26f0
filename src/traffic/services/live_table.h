// LiveTable: the service table while its objects change. A change is decoded and noted; refresh() then works
// out the fronts of those Services that it is about, and nothing else: what the table costs does not grow
// with the number of Services that stay as they are.
//
//   live.set_service("default/web", service_of(object));      // absent: there is none (any more)
//   live.set_slice("default/web-x7k2p", slice_of(object));
//   if (live.refresh()) apply(live.table());
//
// After refresh() the table is build_table() of all that was set. Values; no I/O.
#pragma once

#include <set>

#include "traffic/services/build_table.h"

namespace podo::services {

class LiveTable {
 public:
  explicit LiveTable(std::string node) : place_{.node = std::move(node)} {}
  void set_service(const std::string& key, std::optional<Service> service);
  void set_slice(const std::string& key, std::optional<Slice> slice);
  void set_place(Place place);
  const Place& place() const { return place_; }

  bool refresh();  // true: the table is another one
  const ServiceTable& table() const { return table_; }

  // Services some slice of which has one of these addresses.
  std::vector<std::string> services_with(const std::vector<IpAddress>& addresses) const;
  // A slice of one of them says that new connections may go to one of these addresses.
  bool offers(const std::vector<std::string>& services, const std::vector<IpAddress>& addresses) const;

  // Health checks of load balancers that are asked for.
  struct Health {
    std::uint16_t port = 0;
    std::size_t ready_here = 0;
    bool operator==(const Health&) const = default;
  };
  const std::map<std::string, Health>& health() const { return health_; }
  // Nodes with a ready endpoint of the Service.
  std::set<std::string> nodes_with_ready(const std::string& service) const;
  std::vector<Backend> targets(const std::string& service) const;  // where its slices lead, ready or not

 private:
  struct Entry {
    std::optional<Service> service;
    std::map<std::string, Slice> slices;
    Rank rank;  // under which its fronts are claimed
    ServiceTable fronts;
  };
  void touch(const std::string& key) { dirty_.insert(key); }
  void drop_slice(const std::string& key);
  bool refresh(const std::string& key);
  void refresh_health(const std::string& key, const Entry& entry);
  bool settle(const FrontKey& front);
  static std::vector<const Slice*> slices_of(const Entry& entry);

  Place place_;
  std::map<std::string, Entry> entries_;              // by "namespace/name"
  std::map<std::string, std::string> slice_service_;  // whose a slice is
  std::map<FrontKey, std::set<Rank>> claims_;         // who wants a front; the first has it
  std::set<std::string> dirty_;
  std::map<std::string, Health> health_;
  ServiceTable table_;
};

}  // namespace podo::services
