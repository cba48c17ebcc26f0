#include "base/http/h2_exchange.h"

#include <charconv>

namespace podo::http {
namespace {

Failure gone() { return failed_errno(ECONNRESET, "the peer has given the request up"); }

bool is_bodiless(int status) { return status < 200 || status == 204 || status == 304; }

// While it stands, the session takes the bytes; what it did not take is not there any more.
struct Supplying {
  Supplying(H2Session& session, H2Stream& of, std::string_view bytes, bool last) : stream(of) {
    session.supply(stream, bytes, last);
  }
  Supplying(const Supplying&) = delete;
  ~Supplying() {
    if (stream.outgoing.empty()) return;
    stream.outgoing = {};
    stream.last = false;
  }
  H2Stream& stream;
};

}  // namespace

H2Exchange::H2Exchange(Shared shared, H2Stream& stream)
    : shared_(shared),
      stream_(stream),
      path_(std::string_view(stream.head.target).substr(0, stream.head.target.find('?'))),
      body_(*this),
      patience_(*this),
      awaits_continue_(stream.head.has_body && stream.head.headers.has_word("expect", "100-continue")) {
  if (path_.size() < stream.head.target.size())
    query_ = Query::parse(std::string_view(stream.head.target).substr(path_.size() + 1));
}

void H2Exchange::Patience::fired() {
  exchange_.shared_.session.reset(exchange_.stream_, NGHTTP2_CANCEL);
  exchange_.shared_.has_output.notify_all();
}

// --- the request ------------------------------------------------------------------------------------------

Task<std::size_t> H2Exchange::read_body(std::span<std::byte> into) {
  if (into.empty()) co_return 0;
  co_await io::checkpoint();
  if (std::exchange(awaits_continue_, false) && state_ == State::open) {
    shared_.session.inform(stream_, 100);
    shared_.has_output.notify_all();
  }
  for (;;) {
    if (const std::size_t count = shared_.session.read_body(stream_, into)) {
      if (shared_.session.has_output()) shared_.has_output.notify_all();  // the peer may send more
      co_return count;
    }
    if (stream_.body_complete) co_return 0;
    if (stream_.closed) co_return corrupt("the request's body was cut off");
    co_await stream_.changed.wait();
  }
}

Task<void> H2Exchange::peer_gone() {
  while (!stream_.closed) co_await stream_.changed.wait();
}

// --- the answer -------------------------------------------------------------------------------------------

void H2Exchange::send_head(int status, Headers headers, bool bare) {
  bare_ = bare || is_bodiless(status) || method() == "HEAD";
  if (is_bodiless(status)) headers.remove("Content-Length");
  if (!headers.find("Date")) headers.add("date", shared_.date.now());
  shared_.session.respond(stream_, status, headers, bare_);
  shared_.has_output.notify_all();
}

Task<void> H2Exchange::respond(int status, Headers headers, std::string body) {
  ENSURE(state_ == State::open);  // a request is answered once
  state_ = State::begun;
  if (!is_bodiless(status)) headers.set("Content-Length", text("{}", body.size()));
  send_head(status, std::move(headers), body.empty());
  if (!bare_) co_await send(body, true);
  state_ = State::ended;
}

Task<void> H2Exchange::begin(int status, Headers headers) {
  ENSURE(state_ == State::open);  // a request is answered once
  state_ = State::begun;
  if (auto length = headers.find("Content-Length")) {
    promised_.emplace();
    auto [end, problem] = std::from_chars(length->begin(), length->end(), *promised_);
    ENSURE(problem == std::errc() && end == length->end());
  }
  send_head(status, std::move(headers), promised_ == 0);
  co_return;
}

Task<void> H2Exchange::write(std::string_view bytes) {
  ENSURE(state_ == State::begun);
  if (bytes.empty() || bare_) co_return;
  if (promised_ && bytes.size() > *promised_)
    co_await internal("more bytes than the Content-Length promised");
  if (promised_) *promised_ -= bytes.size();
  co_await send(bytes, promised_ == 0);
}

Task<void> H2Exchange::end() {
  ENSURE(state_ == State::begun);
  if (!bare_ && promised_.value_or(0) > 0)
    co_await internal("{} bytes fewer than the Content-Length promised", *promised_);
  if (!bare_ && promised_ != 0) co_await send({}, true);
  state_ = State::ended;
}

Task<void> H2Exchange::send(std::string_view bytes, bool last) {
  co_await io::checkpoint();
  if (stream_.closed) co_await gone();
  Supplying supplying(shared_.session, stream_, bytes, last);
  shared_.has_output.notify_all();
  for (std::size_t left = 0; !stream_.outgoing.empty(); co_await stream_.changed.wait()) {
    if (stream_.closed) co_await gone();
    if (std::exchange(left, stream_.outgoing.size()) != left) patience_.start();
  }
  patience_.rest();
}

Task<std::unique_ptr<io::Stream>> H2Exchange::upgrade(int, Headers) {
  co_return unsupported("a connection of HTTP/2 is not given away");
}

}  // namespace podo::http
