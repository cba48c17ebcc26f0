#include "container/streams/attached_stream.h"

#include <algorithm>

namespace podo::engine {
namespace {

std::array<std::byte, 8> frame_header(std::uint8_t stream, std::size_t size) {
  auto byte = [size](unsigned shift) { return static_cast<std::byte>(size >> shift & 0xff); };
  return {std::byte{stream}, {}, {}, {}, byte(24), byte(16), byte(8), byte(0)};
}

}  // namespace

AttachedStream::AttachedStream(std::shared_ptr<AttachRelay> relay, AttachWish wish)
    : relay_(std::move(relay)),
      wish_(std::move(wish)),
      buffer_(relay_->settings_.spill_folder, relay_->settings_.memory_max, relay_->settings_.file_max) {}

AttachedStream::~AttachedStream() {
  relay_->leave(*this);
  (void)finish();
}

io::Task<std::size_t> AttachedStream::read(std::span<std::byte> into) {
  co_await io::checkpoint();
  while (!into.empty()) {
    if (std::size_t count = co_await buffer_.take(into); count > 0) co_return count;
    if (failure_) co_return fail(failure_->kind(), failure_->message());
    if (ended_) break;
    co_await changed_.wait();
  }
  co_return std::size_t{0};
}

io::Task<void> AttachedStream::write(std::span<const std::byte> bytes) {
  co_await io::checkpoint();
  if (!wish_.in) co_return;  // nobody asked for it
  std::string kept;
  if (!wish_.detach_keys.empty()) {
    kept = without_detach_keys(bytes);
    bytes = io::bytes_of(kept);
  }
  while (!bytes.empty()) {
    if (ended_) co_await failed_errno(EPIPE, "write to a container's standard input");
    InputSink* sink = relay_->sink_;
    std::size_t count = sink == nullptr ? 0 : std::min(bytes.size(), sink->input_room());
    if (count > 0) sink->put_input(bytes.first(count));
    else co_await relay_->input_.wait();
    bytes = bytes.subspan(count);
  }
}

Result<void> AttachedStream::finish() {
  if (wish_.in && wish_.ends_input && !finished_ && !ended_) relay_->end_input();
  finished_ = true;
  return {};
}

void AttachedStream::take_output(std::uint8_t stream, std::span<const std::byte> bytes) {
  if (failure_ || !(stream == 2 ? wish_.err : wish_.out)) return;
  Result<> put;
  if (!relay_->settings_.tty) put = buffer_.put(frame_header(stream, bytes.size()));
  if (put) put = buffer_.put(bytes);
  if (!put) {
    failure_ = std::move(put).error();
    buffer_.clear();
  }
  changed_.notify_all();
}

void AttachedStream::end() {
  ended_ = true;
  changed_.notify_all();
}

// What may be the beginning of the keys is held back until it is clear that it is not.
std::string AttachedStream::without_detach_keys(std::span<const std::byte> bytes) {
  std::string passed;
  const std::string& keys = wish_.detach_keys;
  for (std::byte byte : bytes) {
    char key = static_cast<char>(byte);
    if (key != keys[keys_matched_]) {
      passed.append(keys, 0, std::exchange(keys_matched_, 0));
      if (key != keys[0]) {
        passed += key;
        continue;
      }
    }
    if (++keys_matched_ == keys.size()) {
      detach();
      return {};
    }
  }
  return passed;
}

void AttachedStream::detach() {
  finished_ = true;  // the process keeps its standard input
  relay_->leave(*this);
  end();
  if (wish_.detached) wish_.detached();
}

}  // namespace podo::engine
