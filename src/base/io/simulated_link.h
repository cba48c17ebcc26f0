// One simulated connection: two ends, a flow of bytes from each to the other. Parts of SimulatedNetwork.
#pragma once

#include <deque>
#include <string>

#include "base/io/condition.h"
#include "base/io/simulated_network.h"

namespace podo::io {

// Bytes on their way in one direction: on the wire until their instant has come, then in the reader's buffer.
struct SimulatedFlow final : Timer {
  SimulatedFlow(SimulatedLink& on, const std::string& from, const std::string& to)
      : link(on),
        readable(text("bytes from {} at {}", from, to)),
        writable(text("room on the way from {} to {}", from, to)) {}

  void send(std::string bytes, bool end);
  void schedule();  // sets the timer for what is first on the wire, unless the way is cut
  std::size_t held() const { return on_wire_bytes + arrived.size(); }

  struct Segment {
    Monotonic arrives;
    std::string bytes;
    bool end;
  };
  SimulatedLink& link;
  Condition readable, writable;
  std::deque<Segment> wire;
  std::size_t on_wire_bytes = 0;
  std::string arrived;
  bool finished = false;  // the writer said so
  bool ended = false;     // the reader knows
  bool reader_gone = false;

 private:
  void fired() override;
};

struct SimulatedLink {
  SimulatedLink(SimulatedNetwork& net, std::string client, std::string server)
      : network(net),
        nodes{std::move(client), std::move(server)},
        flows{{*this, nodes[0], nodes[1]}, {*this, nodes[1], nodes[0]}} {}

  bool reachable() const { return network.reachable(nodes[0], nodes[1]); }
  void break_off();  // both ends fail from now on

  SimulatedNetwork& network;
  std::string nodes[2];
  SimulatedFlow flows[2];  // [i]: what end i writes
  bool broken = false;
};

// One end of a link as a Stream.
class SimulatedNetwork::End final : public Stream {
 public:
  static constexpr std::size_t held_max = 64 << 10;

  End(std::shared_ptr<SimulatedLink> link, int side) : link_(std::move(link)), side_(side) {}
  ~End() override;
  Task<std::size_t> read(std::span<std::byte> into) override;
  Task<void> write(std::span<const std::byte> bytes) override;
  Result<void> finish() override;

 private:
  SimulatedFlow& out() { return link_->flows[side_]; }
  SimulatedFlow& in() { return link_->flows[1 - side_]; }
  std::shared_ptr<SimulatedLink> link_;
  int side_;
};

// A listener and the connections nobody has accepted yet.
class SimulatedNetwork::Listening final : public NetworkListener {
 public:
  static constexpr std::size_t backlog_max = 4096;

  Listening(SimulatedNetwork& network, std::string node, Address address)
      : network_(network),
        node_(std::move(node)),
        address_(std::move(address)),
        connected_(text("a connection to {}", address_.to_text())) {}
  ~Listening() override;
  Task<std::unique_ptr<Stream>> accept() override;
  Address address() const override { return address_; }

  bool take(std::unique_ptr<Stream> server_end);  // false: refused
  void stop();                                    // its machine crashed

 private:
  SimulatedNetwork& network_;
  std::string node_;
  Address address_;
  Condition connected_;
  std::deque<std::unique_ptr<Stream>> waiting_;
  bool stopped_ = false;
};

}  // namespace podo::io
