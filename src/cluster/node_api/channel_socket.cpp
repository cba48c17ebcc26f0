#include "cluster/node_api/channel_socket.h"

#include "base/format/base64.h"

namespace podo::node_api {
namespace {

constexpr std::uint8_t close_channel = 255;
constexpr std::size_t message_max = 32 << 10;  // bytes of one message that is sent

struct Inbox {
  std::string_view waiting = {};  // of the message that is being received
  bool read = false, ended = false;
};

}  // namespace

struct ChannelSocket::State {
  State(std::unique_ptr<http::WebSocket> from, Manner with) : socket(std::move(from)), manner(with) {}

  Task<void> receive();
  Task<void> receive_all();
  Task<void> take(const http::WebSocket::Piece& piece);
  Task<void> pass_on(std::string_view bytes);
  void end();

  std::unique_ptr<http::WebSocket> socket;
  const Manner manner;
  std::array<Inbox, 256> inboxes;
  std::optional<std::uint8_t> channel;  // of the message that is being received; its first byte
  std::string carry;                    // letters of base64 that are no group of four yet
  bool ended = false;
  io::Condition changed{"a channel of a WebSocket"};
};

void ChannelSocket::State::end() {
  ended = true;
  changed.notify_all();
}

Task<void> ChannelSocket::State::receive() {
  (void)co_await receive_all().result();
  end();
}

Task<void> ChannelSocket::State::receive_all() {
  for (;;) {
    const auto piece = co_await socket->receive();
    if (!piece) co_return;
    co_await take(*piece);
  }
}

Task<void> ChannelSocket::State::take(const http::WebSocket::Piece& piece) {
  std::string_view bytes = piece.bytes;
  if (piece.begins) {
    channel.reset();
    carry.clear();
  }
  if (!channel && !bytes.empty()) {
    const auto first = static_cast<std::uint8_t>(bytes.front());
    channel = manner.base64 ? static_cast<std::uint8_t>(first - '0') : first;
    bytes.remove_prefix(1);
  }
  if (!channel) co_return;
  if (!manner.base64) co_return co_await pass_on(bytes);
  carry += bytes;
  const std::size_t whole = carry.size() / 4 * 4;
  const std::string decoded = co_await base64::decode(std::string_view(carry).substr(0, whole));
  carry.erase(0, whole);
  if (piece.ends && !carry.empty()) co_await invalid("a message that is no base64");
  co_await pass_on(decoded);
}

// Waits until the channel's reader has all of it.
Task<void> ChannelSocket::State::pass_on(std::string_view bytes) {
  if (*channel == close_channel && manner.closes_channels) {
    for (const char closed : bytes) inboxes[static_cast<std::uint8_t>(closed)].ended = true;
    changed.notify_all();
    co_return;
  }
  Inbox& inbox = inboxes[*channel];
  if (inbox.ended) co_return;
  inbox.waiting = bytes;
  changed.notify_all();
  while (inbox.read && !inbox.waiting.empty()) co_await changed.wait();
  inbox.waiting = {};
}

class ChannelSocket::Channel final : public io::Stream {
 public:
  Channel(std::shared_ptr<State> state, std::uint8_t number) : state_(std::move(state)), number_(number) {
    inbox().read = true;
  }
  ~Channel() override {
    inbox().read = false;
    state_->changed.notify_all();
  }

  Task<std::size_t> read(std::span<std::byte> into) override {
    co_await io::checkpoint();
    while (inbox().waiting.empty()) {
      if (into.empty() || inbox().ended || state_->ended) co_return std::size_t{0};
      co_await state_->changed.wait();
    }
    const std::size_t count = std::min(into.size(), inbox().waiting.size());
    inbox().waiting.copy(reinterpret_cast<char*>(into.data()), count);
    inbox().waiting.remove_prefix(count);
    state_->changed.notify_all();
    co_return count;
  }

  // Nothing is a message, too: it shows the client that the channel is there.
  Task<void> write(std::span<const std::byte> bytes) override {
    std::string_view rest{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    const bool base64 = state_->manner.base64;
    do {
      const std::string_view some = rest.substr(0, message_max);
      rest.remove_prefix(some.size());
      std::string message(1, static_cast<char>(base64 ? '0' + number_ : number_));
      message += base64 ? base64::encode(some) : std::string(some);
      co_await state_->socket->send(base64, message);
    } while (!rest.empty());
  }
  Result<void> finish() override { return {}; }

 private:
  Inbox& inbox() { return state_->inboxes[number_]; }
  std::shared_ptr<State> state_;
  std::uint8_t number_;
};

ChannelSocket::ChannelSocket(io::Loop& loop, std::unique_ptr<http::WebSocket> socket, Manner manner)
    : state_(std::make_shared<State>(std::move(socket), manner)), receiving_(loop) {
  receiving_.spawn(state_->receive(), "channels of a WebSocket");
}

ChannelSocket::~ChannelSocket() { state_->end(); }

std::unique_ptr<io::Stream> ChannelSocket::open(std::uint8_t channel) {
  return std::make_unique<Channel>(state_, channel);
}

Task<void> ChannelSocket::gone() {
  while (!state_->ended) co_await state_->changed.wait();
}

Task<void> ChannelSocket::goodbye() {
  state_->socket->say_goodbye(1000);
  co_await state_->socket->flushed();
  co_await gone();
}

}  // namespace podo::node_api
