#include "base/http/h2_connection.h"

#include "base/http/answer.h"
#include "base/io/combine.h"

namespace podo::http {
namespace {

constexpr std::size_t written_at_once = 64 << 10;
constexpr std::size_t read_at_once = 16 << 10;
constexpr std::size_t backlog_max = 200;  // frames nobody takes: whoever lets so many wait is not read from
constexpr Duration farewell = seconds(2), last_words = milliseconds(200);

Task<void> join(io::TaskGroup& group) { co_await group.join(); }

Task<void> read_to_nowhere(io::Stream& stream) {
  std::string scratch(2 << 10, '\0');
  while (co_await stream.read(io::writable_bytes_of(scratch)) > 0) continue;
}

}  // namespace

H2Connection::H2Connection(io::Loop& loop, Connection::Settings settings, std::unique_ptr<io::Stream> stream,
                           Peer peer)
    : loop_(loop),
      settings_(settings),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      buffer_(read_at_once),
      session_(settings.limits, loop.clock(), *this),
      patience_(loop, group_),
      writing_(loop, group_),
      reading_(loop),
      group_(loop) {}

Task<void> H2Connection::serve() {
  group_.spawn(listen(), "HTTP/2 listening");
  group_.spawn(send(), "HTTP/2 sending");
  Result<void> ended = co_await join(group_).result();
  co_await io::shielded(say_goodbye(ended ? farewell : Duration()));
  co_await std::move(ended);
}

// --- receiving --------------------------------------------------------------------------------------------

// When the peer has gone, or was sent away, requests end at their own pace.
Task<void> H2Connection::listen() {
  reading_.spawn(receive(), "HTTP/2 frames");
  Result<void> ended = co_await join(reading_).result();
  if (!ended) settings_.log.debug("{}: {}", peer_.address, ended.error().message());
  over_ = true;
  patience_.rest();
  session_.lose();
  has_output_.notify_all();
}

Task<void> H2Connection::receive() {
  for (;;) {
    be_patient();
    const std::size_t count = co_await stream_->read(buffer_.space());
    if (count == 0) co_return;
    co_await session_.feed(buffer_.filled(count));
    has_output_.notify_all();
    while (session_.backlog() > backlog_max) co_await sent_.wait();
  }
}

// A head must come to its end, and between two requests not too much time may pass.
void H2Connection::be_patient() {
  if (over_) return;
  const Awaits now = session_.in_head()             ? Awaits::head
                     : session_.stream_count() == 0 ? Awaits::request
                                                    : Awaits::something;
  if (std::exchange(awaits_, now) == now) return;
  if (now == Awaits::something) patience_.rest();
  else
    patience_.expect_within(now == Awaits::head ? settings_.limits.head_within : settings_.limits.idle_after);
}

// --- requests ---------------------------------------------------------------------------------------------

// The stream is the request's, until its handler has ended in whatever way.
struct H2Connection::Handling {
  Handling(H2Connection& of, H2Stream& request) : connection(of), stream(request) {}
  Handling(const Handling&) = delete;
  ~Handling() {
    if (!ended) connection.session_.reset(stream, NGHTTP2_INTERNAL_ERROR);  // the peer sees it is not whole
    connection.session_.release(stream);
    connection.has_output_.notify_all();
    connection.be_patient();
  }
  H2Connection& connection;
  H2Stream& stream;
  bool ended = false;
};

void H2Connection::requested(H2Stream& stream) { group_.spawn(handle(stream), "http request"); }

Task<void> H2Connection::handle(H2Stream& stream) {
  Handling handling(*this, stream);
  H2Exchange exchange({session_, loop_, has_output_, peer_, settings_.date, settings_.limits.write_within},
                      stream);
  Result<void> handled = co_await settings_.handler.handle(exchange).result();
  co_await io::checkpoint();  // cancelled while it was handled: there is nobody to answer
  (void)co_await answer_for(exchange, std::move(handled), settings_.log).result();
  handling.ended = exchange.ended();
}

// --- sending ----------------------------------------------------------------------------------------------

Task<void> H2Connection::send() {
  std::string frames;
  for (;;) {
    frames = {};  // an idle connection keeps none
    co_await session_.produce(frames, written_at_once);
    if (frames.empty()) {
      if (over_) co_return;
      if (session_.is_over()) reading_.cancel();
      be_patient();
      co_await has_output_.wait();
      continue;
    }
    in_write_ = true;  // for ever, if it fails: there is a piece of a frame
    writing_.expect_within(settings_.limits.write_within);
    Result<void> written = co_await stream_->write(io::bytes_of(frames)).result();
    writing_.rest();
    if (!written) {
      reading_.cancel();
      co_return;
    }
    in_write_ = false;
    sent_.notify_all();
  }
}

// The last words, if they can be said: which requests were seen. Then the peer has a moment to close first,
// as in HTTP/1.1 (connection.cpp).
Task<void> H2Connection::say_goodbye(Duration stay) {
  if (in_write_) co_return;
  if (!session_.is_over()) session_.go_away(NGHTTP2_NO_ERROR);
  std::string frames;
  co_await session_.produce(frames, written_at_once);
  co_await io::deadline(stream_->write(io::bytes_of(frames)), last_words);
  co_await stream_->finish();
  if (stay > Duration()) co_await io::deadline(read_to_nowhere(*stream_), stay);
}

}  // namespace podo::http
