#include "base/http/spdy.h"

#include "base/http/outbox.h"
#include "base/io/receive_buffer.h"

namespace podo::http {
namespace {

constexpr std::size_t receive_size = 16 << 10;
constexpr std::size_t waiting_max = 64 << 10;   // bytes to be sent, of writers
constexpr std::size_t control_max = 256 << 10;  // with answers to what the peer keeps sending

}  // namespace

// Streams keep it, so that they may outlive their connection.
struct SpdyConnection::State {
  State(std::unique_ptr<io::Stream> on, SpdyLimits limits)
      : transport(std::move(on)), session(limits), outbox(*transport) {}

  void pass_on() { outbox.put(session.take_output()); }
  void end() {
    ended = true;
    changed.notify_all();
  }
  Task<void> receive();
  Task<void> send();

  std::unique_ptr<io::Stream> transport;
  SpdySession session;
  Outbox outbox;
  bool ended = false;  // nothing comes any more
  io::Condition changed{"a SPDY connection"};
};

Task<void> SpdyConnection::State::receive() {
  io::ReceiveBuffer buffer(receive_size);
  for (bool goes_on = true; goes_on;) {
    while (session.is_full()) co_await changed.wait();
    if (!co_await outbox.room(control_max).result()) break;
    const Result<std::size_t> count = co_await transport->read(buffer.space()).result();
    if (!count || *count == 0) break;
    goes_on = session.feed(buffer.filled(*count)).has_value();
    pass_on();
    changed.notify_all();
  }
  end();
}

Task<void> SpdyConnection::State::send() {
  co_await outbox.run();
  end();  // the transport broke
}

class SpdyConnection::Open final : public SpdyStream {
 public:
  Open(std::shared_ptr<State> state, SpdySession::StreamPtr stream)
      : state_(std::move(state)), stream_(std::move(stream)) {}
  ~Open() override {
    state_->session.release(*stream_);
    tell();
  }

  std::uint32_t id() const override { return stream_->id; }
  const Headers& headers() const override { return stream_->headers; }
  void reply() override {
    state_->session.reply(*stream_, {});
    tell();
  }
  void reset(SpdyReset status) override {
    state_->session.reset(*stream_, status);
    tell();
  }

  Task<std::size_t> read(std::span<std::byte> into) override {
    co_await io::checkpoint();
    while (!into.empty()) {
      if (const std::size_t count = state_->session.read(*stream_, into); count > 0) {
        tell();
        co_return count;
      }
      if (stream_->reset) co_return unavailable("the stream was reset");
      if (stream_->ended) break;
      if (state_->ended) co_return unavailable("the connection was closed");
      co_await state_->changed.wait();
    }
    co_return std::size_t{0};
  }

  Task<void> write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      co_await state_->outbox.room(waiting_max);
      if (stream_->reset || stream_->finished) co_await unavailable("the stream was reset");
      const std::size_t count = std::min(bytes.size(), state_->session.may_send(*stream_));
      if (count == 0) {
        if (state_->ended) co_await unavailable("the connection was closed");
        co_await state_->changed.wait();
        continue;
      }
      state_->session.send(*stream_, {reinterpret_cast<const char*>(bytes.data()), count});
      tell();
      bytes = bytes.subspan(count);
    }
  }

  Result<void> finish() override {
    state_->session.finish(*stream_);
    tell();
    return {};
  }

 private:
  void tell() {
    state_->pass_on();
    state_->changed.notify_all();
  }
  std::shared_ptr<State> state_;
  SpdySession::StreamPtr stream_;
};

SpdyConnection::SpdyConnection(io::Loop& loop, std::unique_ptr<io::Stream> stream, SpdyLimits limits)
    : state_(std::make_shared<State>(std::move(stream), limits)), strands_(loop) {
  strands_.spawn(state_->receive(), "SPDY: receive");
  strands_.spawn(state_->send(), "SPDY: send");
}

SpdyConnection::~SpdyConnection() { state_->end(); }

Task<std::unique_ptr<SpdyStream>> SpdyConnection::accept() {
  for (;;) {
    if (auto stream = state_->session.take_opened())
      co_return std::make_unique<Open>(state_, std::move(stream));
    if (state_->ended) co_return nullptr;
    co_await state_->changed.wait();
  }
}

Task<void> SpdyConnection::gone() {
  while (!state_->ended) co_await state_->changed.wait();
}

Task<void> SpdyConnection::flushed() { return state_->outbox.flushed(); }

Task<void> SpdyConnection::goodbye() {
  state_->session.say_goodbye();
  state_->pass_on();
  co_await flushed();
  co_await gone();
}

}  // namespace podo::http
