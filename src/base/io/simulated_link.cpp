#include "base/io/simulated_link.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace podo::io {

// --- flows ------------------------------------------------------------------------------------------------

void SimulatedFlow::send(std::string bytes, bool end) {
  Monotonic arrives = link.network.loop_.clock().now() + link.network.draw_latency();
  if (!wire.empty()) arrives = std::max(arrives, wire.back().arrives);  // order is kept
  on_wire_bytes += bytes.size();
  wire.push_back({arrives, std::move(bytes), end});
  if (!pending()) schedule();
}

void SimulatedFlow::schedule() {
  if (wire.empty() || link.broken || !link.reachable()) return cancel();
  set(link.network.loop_, std::max(wire.front().arrives, link.network.loop_.clock().now()));
}

void SimulatedFlow::fired() {
  Monotonic now = link.network.loop_.clock().now();
  while (!wire.empty() && wire.front().arrives <= now) {
    Segment segment = std::move(wire.front());
    wire.pop_front();
    on_wire_bytes -= segment.bytes.size();
    if (!reader_gone) arrived += segment.bytes;
    ended = ended || segment.end;
  }
  readable.notify_all();
  schedule();
}

void SimulatedLink::break_off() {
  broken = true;
  for (SimulatedFlow& flow : flows) {
    flow.schedule();
    flow.readable.notify_all();
    flow.writable.notify_all();
  }
}

// --- ends -------------------------------------------------------------------------------------------------

SimulatedNetwork::End::~End() {
  (void)finish();
  in().reader_gone = true;
  in().arrived.clear();
  in().writable.notify_all();
}

Task<std::size_t> SimulatedNetwork::End::read(std::span<std::byte> into) {
  co_await checkpoint();
  if (into.empty()) co_return std::size_t{0};
  SimulatedFlow& flow = in();
  while (flow.arrived.empty() && !flow.ended && !link_->broken) co_await flow.readable.wait();
  if (link_->broken) co_return failed_errno(ECONNRESET, "read from {}", link_->nodes[1 - side_]);
  std::size_t count = std::min(into.size(), flow.arrived.size());
  std::memcpy(into.data(), flow.arrived.data(), count);
  flow.arrived.erase(0, count);
  flow.writable.notify_one();
  co_return count;
}

Task<void> SimulatedNetwork::End::write(std::span<const std::byte> bytes) {
  co_await checkpoint();
  SimulatedFlow& flow = out();
  if (flow.finished) co_await failed_errno(EPIPE, "write after the end");
  while (!bytes.empty()) {
    // Across a cut nobody learns that the reader is gone.
    auto gone = [&] { return flow.reader_gone && link_->reachable(); };
    while (flow.held() >= held_max && !gone() && !link_->broken) co_await flow.writable.wait();
    if (link_->broken) co_await failed_errno(ECONNRESET, "write to {}", link_->nodes[1 - side_]);
    if (gone()) co_await failed_errno(EPIPE, "write to {}", link_->nodes[1 - side_]);
    std::size_t count = std::min(bytes.size(), held_max - std::min(flow.held(), held_max));
    if (count == 0) continue;
    flow.send(std::string(reinterpret_cast<const char*>(bytes.data()), count), false);
    bytes = bytes.subspan(count);
  }
}

Result<void> SimulatedNetwork::End::finish() {
  if (!std::exchange(out().finished, true)) out().send("", true);
  return {};
}

// --- listeners --------------------------------------------------------------------------------------------

SimulatedNetwork::Listening::~Listening() { stop(); }

void SimulatedNetwork::Listening::stop() {
  if (std::exchange(stopped_, true)) return;
  network_.listening_.erase({node_, address_.to_text()});
  waiting_.clear();
  connected_.notify_all();
}

bool SimulatedNetwork::Listening::take(std::unique_ptr<Stream> server_end) {
  if (waiting_.size() >= backlog_max) return false;
  waiting_.push_back(std::move(server_end));
  connected_.notify_one();
  return true;
}

Task<std::unique_ptr<Stream>> SimulatedNetwork::Listening::accept() {
  co_await checkpoint();
  while (waiting_.empty() && !stopped_) co_await connected_.wait();
  if (stopped_) co_return unavailable("{} crashed", node_);
  std::unique_ptr<Stream> stream = std::move(waiting_.front());
  waiting_.pop_front();
  co_return std::move(stream);
}

}  // namespace podo::io
