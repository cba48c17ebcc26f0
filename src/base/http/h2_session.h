// HTTP/2 (RFC 9113) for a server, without I/O: nghttp2 behind a face of ours. Bytes go in, requests come out;
// answers go in, bytes come out.
//
//   feed(bytes) -> Observer::requested(stream) ... -> respond(stream, ...), supply(stream, bytes, last) ...
//   produce(out) -> frames, as far as the peer's windows let them go; call it while has_output()
//
// A Stream is one request and its answer. It lives until the peer and we are done with it and release() was
// called. Whoever waits for something of it waits for `changed`. Nothing is kept of an answer but what one
// writer supplies at a time; of requests' bodies, no more than the windows of ServerLimits.
//
// Peers that cost more than they ask for are sent away (GOAWAY, ENHANCE_YOUR_CALM): with frames that say
// nothing, and by nghttp2 with resets of streams, answers to PING and SETTINGS that pile up, and heads in too
// many frames. Streams that were reset count until their handlers have ended; those beyond the limit are
// refused. Lives on one loop. Private to base/http, and for its fuzz target.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>

#include "base/http/parser.h"
#include "base/http/server.h"
#include "base/io/condition.h"

namespace podo::http {

struct H2Stream {
  explicit H2Stream(std::int32_t number) : id(number) {}
  H2Stream(const H2Stream&) = delete;

  // What handlers read of the body, in pieces.
  std::size_t unread() const { return body.size() - body_begin; }
  std::size_t take(std::span<std::byte> into);

  const std::int32_t id;
  Head head;
  std::size_t head_bytes = 0;
  std::string body;
  std::size_t body_begin = 0;  // of it, what has been read
  bool body_complete = false;
  std::string_view outgoing = {};  // the writer keeps the bytes until they were taken
  bool last = false;               // nothing follows `outgoing`
  bool parked = false;             // nghttp2 does not ask for more until it is told that there is
  bool answered = false;           // the last bytes have been framed
  bool closed = false;             // by whom and for whatever reason: the peer gets and sends nothing more
  bool forgotten = false;          // by nghttp2
  bool released = true;            // no handler has it
  io::Condition changed = io::Condition("an HTTP/2 stream");
};

class H2Session {
 public:
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void requested(H2Stream& stream) = 0;  // the head is there; release() it some time
  };
  H2Session(const ServerLimits& limits, Clock& clock, Observer& observer);
  ~H2Session();
  H2Session(const H2Session&) = delete;

  Result<void> feed(std::span<const std::byte> bytes);  // fails for what is not HTTP/2 at all
  bool has_output() const;
  Result<void> produce(std::string& out,
                       std::size_t enough);  // adds frames until there are `enough` bytes, or no more
  bool is_over() const;  // nothing is to be read any more: the peer was sent away, or said goodbye
  bool in_head() const { return in_head_; }  // the peer has begun a head, or not even its preface
  std::size_t backlog() const;               // frames that wait to be produced
  std::size_t stream_count() const { return streams_.size(); }

  // The head of an answer. `bare`: no bytes follow. Fields that are only HTTP/1.1's are left out.
  void respond(H2Stream& stream, int status, const Headers& headers, bool bare);
  void inform(H2Stream& stream, int status);  // 1xx
  void supply(H2Stream& stream, std::string_view bytes, bool last);
  std::size_t read_body(H2Stream& stream, std::span<std::byte> into);  // 0: nothing there now
  void reset(H2Stream& stream, std::uint32_t code);
  void release(H2Stream& stream);  // its handler has ended
  void go_away(std::uint32_t code);
  void lose();  // the connection is gone: all streams are closed

 private:
  struct Callbacks;
  H2Stream* find(std::int32_t id) {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session_, id));
  }
  void open(std::int32_t id);
  void add_field(H2Stream& stream, std::string_view name, std::string_view value);
  void received(const nghttp2_frame& frame);
  void sent(const nghttp2_frame& frame);
  void begin_request(H2Stream& stream);
  void add_body(std::int32_t id, std::string_view bytes);
  void closed(H2Stream& stream);
  ssize_t fill(H2Stream& stream, std::span<std::uint8_t> into, std::uint32_t& flags);
  void spend();
  void forget_if_done(H2Stream& stream);

  const ServerLimits& limits_;
  Clock& clock_;
  Observer& observer_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, std::unique_ptr<H2Stream>> streams_;
  double patience_;  // frames that say nothing: so many more are borne
  Monotonic patience_at_;
  bool in_head_ = true;
};

}  // namespace podo::http
