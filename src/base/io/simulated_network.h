// SimulatedNetwork: named machines that reach one another in virtual time. Bytes take a latency drawn from
// the seed and arrive in order; a connection holds at most 64 KiB in each direction that were not read yet.
//
//   SimulatedNetwork world(loop);
//   Network& a = world.node("a");                    // its tcp addresses are tcp:a:PORT
//   world.partition("a", "b");                       // bytes wait, connects time out ...
//   world.heal("a", "b");                            // ... and go on
//   world.reset("a", "b");                           // every connection between them breaks
//   world.crash("a");                                // its listeners and connections are gone
//
// A tcp address reaches a node by its name; a unix path stays within its node.
// All of it lives on one SimulatedLoop; listeners and streams die before the network.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/io/network.h"
#include "base/io/simulated_loop.h"

namespace podo::io {

struct SimulatedFlow;
struct SimulatedLink;

class SimulatedNetwork {
 public:
  struct Latency {
    Duration least = microseconds(50);
    Duration most = milliseconds(2);
  };
  explicit SimulatedNetwork(SimulatedLoop& loop) : SimulatedNetwork(loop, Latency()) {}
  SimulatedNetwork(SimulatedLoop& loop, Latency latency);
  ~SimulatedNetwork();

  Network& node(const std::string& name);  // made when first named

  void partition(const std::string& a, const std::string& b);
  void heal(const std::string& a, const std::string& b);
  void reset(const std::string& a, const std::string& b);
  void crash(const std::string& name);

 private:
  class Node;
  class Listening;
  class End;
  friend struct SimulatedFlow;
  friend struct SimulatedLink;
  using Key = std::pair<std::string, std::string>;  // a node and an address on it

  // Two nodes, whichever is named first.
  static std::pair<std::string, std::string> pair_of(const std::string& a, const std::string& b) {
    return a < b ? std::pair(a, b) : std::pair(b, a);
  }
  bool reachable(const std::string& a, const std::string& b) const { return !cut_.contains(pair_of(a, b)); }
  Duration draw_latency();
  Task<std::unique_ptr<NetworkListener>> listen(std::string node, Address address);
  Task<std::unique_ptr<Stream>> connect(std::string from, Address address);
  Task<void> wait_until_reachable(const std::string& from, const Address& address);
  std::vector<std::shared_ptr<SimulatedLink>> links_between(const std::string& a, const std::string& b);

  SimulatedLoop& loop_;
  Latency latency_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  std::map<Key, Listening*> listening_;
  std::vector<std::weak_ptr<SimulatedLink>> links_;
  std::set<std::pair<std::string, std::string>> cut_;
  std::uint16_t next_port_ = 49'152;
};

}  // namespace podo::io
