// One client's stream of an AttachRelay. Lives on the relay's loop; keeps the relay.
#pragma once

#include "container/streams/attach_relay.h"
#include "container/streams/spill_buffer.h"

namespace podo::engine {

class AttachedStream final : public io::Stream {
 public:
  AttachedStream(std::shared_ptr<AttachRelay> relay, AttachWish wish);
  ~AttachedStream() override;

  io::Task<std::size_t> read(std::span<std::byte> into) override;
  io::Task<void> write(std::span<const std::byte> bytes) override;
  Result<void> finish() override;

  // For the relay.
  bool reads() const { return wish_.out || wish_.err; }
  void take_output(std::uint8_t stream, std::span<const std::byte> bytes);
  void end();

 private:
  std::string without_detach_keys(std::span<const std::byte> bytes);
  void detach();

  std::shared_ptr<AttachRelay> relay_;
  AttachWish wish_;
  SpillBuffer buffer_;
  std::optional<Error> failure_;  // it fell too far behind
  bool ended_ = false, finished_ = false;
  std::size_t keys_matched_ = 0;
  io::Condition changed_{"output of a container"};
};

}  // namespace podo::engine
