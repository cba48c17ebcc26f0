// Any bytes as what a client of HTTP/2 sends: nothing breaks, what is kept is bounded by the limits, and the
// requests seen when they come in pieces are those seen when they come at once. The first byte of the input
// chooses how requests are answered: at once (1), with their bodies read (2), never let go (4).
// The preface of the protocol is put before the rest.
#include <cstddef>
#include <cstdint>

#include "base/core/clock.h"
#include "base/core/ensure.h"
#include "base/http/h2_session.h"

namespace podo::http {
namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view answer_bytes = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::uint8_t silent = 8;
constexpr ServerLimits limits{
    .head = 2048, .fields = 20, .streams = 8, .stream_window = 70'000, .connection_window = 200'000};

class StandingClock final : public Clock {
 public:
  Monotonic now() const override { return {1}; }
  Wall wall() const override { return {1}; }
};

// Answers at once, or keeps the requests for later; reads bodies, or not.
class Peer final : H2Session::Observer {
 public:
  explicit Peer(std::uint8_t manner) : manner_(manner), session_(limits, clock_, *this) {}

  // False: the peer was sent away.
  bool feed(std::string_view bytes) {
    if (!session_.feed(io::bytes_of(bytes))) return false;
    if (manner_ == silent) return true;
    for (std::size_t i = 0; i < open_.size(); ++i) serve(*open_[i]);
    if ((manner_ & 4) == 0) std::erase_if(open_, [&](H2Stream* stream) { return finish(*stream); });
    std::string out;
    ENSURE(session_.produce(out, 64 << 10).has_value());
    ENSURE(session_.stream_count() <= std::size_t{3} * limits.streams);
    return !session_.is_over();
  }
  const std::string& seen() const { return seen_; }

 private:
  void requested(H2Stream& stream) override {
    ENSURE(!stream.head.method.empty() && stream.head.headers.size() <= limits.fields);
    seen_ += stream.head.method + " " + stream.head.target + "\n";
    append_fields(seen_, stream.head.headers);
    open_.push_back(&stream);
    if ((manner_ & 1) == 0) return;
    session_.respond(stream, 200, {{"Content-Type", "text/plain"}}, false);
    session_.supply(stream, answer_bytes, true);
  }
  void serve(H2Stream& stream) {
    ENSURE(stream.unread() <= static_cast<std::size_t>(limits.stream_window));
    std::string into(1000, '\0');
    if ((manner_ & 2) != 0) session_.read_body(stream, io::writable_bytes_of(into));
  }
  bool finish(H2Stream& stream) {
    if (!stream.closed && !stream.body_complete) return false;
    if (!stream.answered && !stream.closed) session_.reset(stream, NGHTTP2_INTERNAL_ERROR);
    session_.release(stream);
    return true;
  }

  std::uint8_t manner_;
  StandingClock clock_;
  std::string seen_;
  std::vector<H2Stream*> open_;
  H2Session session_;
};

std::string seen_in(std::string_view bytes, std::uint8_t manner, std::size_t piece) {
  Peer peer(manner);
  bool goes_on = peer.feed(preface);
  for (; goes_on && !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    goes_on = peer.feed(bytes.substr(0, piece));
  return peer.seen();
}

}  // namespace
}  // namespace podo::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::http;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // Answers make room for more requests, so only a server that says nothing sees the same in pieces.
  ENSURE(seen_in(bytes, silent, size) == seen_in(bytes, silent, 7));
  seen_in(bytes, data[0] & 7, size);
  seen_in(bytes, data[0] & 7, 7);
  return 0;
}
