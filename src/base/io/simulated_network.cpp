#include "base/io/simulated_network.h"

#include <algorithm>
#include <cerrno>

#include "base/core/ensure.h"
#include "base/io/simulated_link.h"

namespace podo::io {

class SimulatedNetwork::Node final : public Network {
 public:
  Node(SimulatedNetwork& network, std::string name) : network_(network), name_(std::move(name)) {}
  Task<std::unique_ptr<NetworkListener>> listen(Address address) override {
    return network_.listen(name_, std::move(address));
  }
  Task<std::unique_ptr<Stream>> connect(Address address) override {
    return network_.connect(name_, std::move(address));
  }

 private:
  SimulatedNetwork& network_;
  std::string name_;
};

SimulatedNetwork::SimulatedNetwork(SimulatedLoop& loop, Latency latency) : loop_(loop), latency_(latency) {}
SimulatedNetwork::~SimulatedNetwork() {
  ENSURE(listening_.empty());  // listeners die before their network
}

Network& SimulatedNetwork::node(const std::string& name) {
  std::unique_ptr<Node>& node = nodes_[name];
  if (node == nullptr) node = std::make_unique<Node>(*this, name);
  return *node;
}

Duration SimulatedNetwork::draw_latency() {
  auto spread = static_cast<std::uint64_t>((latency_.most - latency_.least).ns);
  return latency_.least + nanoseconds(static_cast<std::int64_t>(loop_.random().below(spread + 1)));
}

// --- connecting -------------------------------------------------------------------------------------------

Task<std::unique_ptr<NetworkListener>> SimulatedNetwork::listen(std::string node, Address address) {
  co_await checkpoint();
  bool tcp = address.kind == Address::Kind::tcp;
  if (tcp && address.host != node) co_return failed_errno(EADDRNOTAVAIL, "{} is not {}", address.host, node);
  if (tcp && address.port == 0) address.port = next_port_++;
  if (listening_.contains({node, address.to_text()}))
    co_return already_exists("{} is taken", address.to_text());
  auto listener = std::make_unique<Listening>(*this, node, address);
  listening_[{node, address.to_text()}] = listener.get();
  co_return std::move(listener);
}

// As TCP does: asks again after 1, 2 and 4 seconds, then gives up.
Task<void> SimulatedNetwork::wait_until_reachable(const std::string& from, const Address& address) {
  for (Duration pause = seconds(1); !reachable(from, address.host); pause = pause * 2) {
    if (pause > seconds(4)) co_await failed_errno(ETIMEDOUT, "connect to {}", address.to_text());
    co_await sleep(pause);
  }
}

Task<std::unique_ptr<Stream>> SimulatedNetwork::connect(std::string from, Address address) {
  bool tcp = address.kind == Address::Kind::tcp;
  if (tcp && !nodes_.contains(address.host))
    co_return failed_errno(EHOSTUNREACH, "connect to {}", address.to_text());
  co_await sleep(draw_latency());
  if (tcp) co_await wait_until_reachable(from, address);
  std::string to = tcp ? address.host : from;
  auto listening = listening_.find({to, address.to_text()});
  if (listening == listening_.end()) co_return failed_errno(ECONNREFUSED, "connect to {}", address.to_text());
  auto link = std::make_shared<SimulatedLink>(*this, from, to);
  if (!listening->second->take(std::make_unique<End>(link, 1)))
    co_return failed_errno(ECONNREFUSED, "connect to {}", address.to_text());
  std::erase_if(links_, [](auto& old) { return old.expired(); });
  links_.push_back(link);
  auto client = std::make_unique<End>(link, 0);
  co_await sleep(draw_latency());
  co_return std::move(client);
}

// --- what goes wrong --------------------------------------------------------------------------------------

std::vector<std::shared_ptr<SimulatedLink>> SimulatedNetwork::links_between(const std::string& a,
                                                                            const std::string& b) {
  std::vector<std::shared_ptr<SimulatedLink>> found;
  for (auto& weak : links_)
    if (auto link = weak.lock(); link && pair_of(link->nodes[0], link->nodes[1]) == pair_of(a, b))
      found.push_back(std::move(link));
  return found;
}

void SimulatedNetwork::partition(const std::string& a, const std::string& b) {
  cut_.insert(pair_of(a, b));
  for (auto& link : links_between(a, b))
    for (SimulatedFlow& flow : link->flows) flow.schedule();
}

void SimulatedNetwork::heal(const std::string& a, const std::string& b) {
  cut_.erase(pair_of(a, b));
  for (auto& link : links_between(a, b))
    for (SimulatedFlow& flow : link->flows) {
      for (SimulatedFlow::Segment& segment : flow.wire)
        segment.arrives = std::max(segment.arrives, loop_.clock().now() + latency_.most);
      flow.schedule();
      flow.writable.notify_all();  // who writes learns now that the reader has gone
    }
}

void SimulatedNetwork::reset(const std::string& a, const std::string& b) {
  for (auto& link : links_between(a, b)) link->break_off();
}

void SimulatedNetwork::crash(const std::string& name) {
  std::vector<Listening*> stopping;
  for (auto& [key, listening] : listening_)
    if (key.first == name) stopping.push_back(listening);
  for (Listening* listening : stopping) listening->stop();
  for (auto& weak : links_)
    if (auto link = weak.lock(); link && (link->nodes[0] == name || link->nodes[1] == name))
      link->break_off();
}

}  // namespace podo::io
