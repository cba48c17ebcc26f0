// SpdySession: the frames of one connection of SPDY/3.1 and the streams on it, as its server. Bytes go in,
// bytes come out; nothing waits here, so a fuzz target can feed it. Private to base/http; spdy.h is the face.
//
//   frame   := control | data
//   control := 1:1 version:15 type:16 flags:8 size:24 payload       version = 3, size of the payload
//   data    := 0:1 stream:31 flags:8 size:24 bytes                  flags: FIN = 1
//
//   type  name           payload
//    1    SYN_STREAM     stream:32 associated:32 priority:3 :13 block     flags: FIN = 1, UNIDIRECTIONAL = 2
//    2    SYN_REPLY      stream:32 block                                  flags: FIN = 1
//    3    RST_STREAM     stream:32 status:32
//    4    SETTINGS       count:32 ( flags:8 id:24 value:32 ){count}       id 7: the window of new streams
//    6    PING           id:32                                            odd ones are the client's
//    7    GOAWAY         last_stream:32 status:32
//    8    HEADERS        stream:32 block                                  flags: FIN = 1
//    9    WINDOW_UPDATE  stream:32 more:32                                stream 0: the whole connection
//   block: spdy_headers.h. Numbers are big-endian. Other types are passed over.
//
// Windows: what was read of a stream is told with WINDOW_UPDATE, as the protocol wants. Heeding the peer's is
// another matter: kubectl's library neither sends such frames nor looks at them, so a peer's windows bind
// this side from the first time on that it speaks of one. Until then the transport alone holds it back.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "base/http/spdy_headers.h"

namespace podo::http {

struct SpdyLimits {
  std::size_t streams = 512;             // at once
  std::size_t control_frame = 16 << 10;  // bytes
  std::size_t header_block = 32 << 10;   // bytes, inflated
  std::size_t unread = 512 << 10;        // bytes of all streams nobody has read yet; then no more are taken
};

enum class SpdyReset : std::uint32_t {
  protocol_error = 1,
  invalid_stream = 2,
  refused_stream = 3,
  cancel = 5,
  flow_control_error = 7,
  stream_already_closed = 9,
};

class SpdySession {
 public:
  struct Stream {
    std::uint32_t id = 0;
    Headers headers;
    std::string unread;
    std::size_t taken = 0;    // of unread
    std::size_t untold = 0;   // bytes that were read, and the peer was not told of
    std::int64_t window = 0;  // what the peer takes; used when it heeds windows
    bool replied = false;
    bool ended = false, finished = false;     // the peer's bytes; ours
    std::optional<std::uint32_t> reset = {};  // by whom ever: nothing more goes either way
    std::size_t unread_size() const { return unread.size() - taken; }
  };
  using StreamPtr = std::shared_ptr<Stream>;

  explicit SpdySession(SpdyLimits limits) : limits_(limits), inflater_(limits.header_block) {}

  // What the peer sent. Fails when the connection cannot go on; what is left to be said is in take_output().
  Result<> feed(std::span<const std::byte> bytes);
  std::string take_output() { return std::exchange(output_, {}); }

  StreamPtr take_opened();  // the next stream that the peer has opened; null: none is waiting
  std::size_t read(Stream& stream, std::span<std::byte> into);
  void reply(Stream& stream, const Headers& headers);
  // Bytes that may be sent now, at most a frame's.
  std::size_t may_send(const Stream& stream) const;
  void send(Stream& stream, std::string_view bytes);  // may_send() of them, at least one
  void finish(Stream& stream);
  void reset(Stream& stream, SpdyReset status);
  void release(Stream& stream);  // nobody is interested in it any more; reset unless it has ended both ways
  void say_goodbye();            // GOAWAY: no more streams

  bool is_full() const { return unread_ > limits_.unread; }
  std::size_t stream_count() const { return streams_.size(); }

 private:
  using Payload = std::span<const std::byte>;
  Result<> feed_data(Payload& bytes);
  Result<> feed_frame(Payload& bytes);
  Result<> begin_frame();
  Result<> control(std::uint16_t type, std::uint8_t flags, Payload payload);
  Result<> syn_stream(std::uint8_t flags, Payload payload);
  Result<> headers(std::uint8_t flags, Payload payload);
  Result<> rst_stream(Payload payload);
  Result<> settings(Payload payload);
  Result<> window_update(Payload payload);
  void data(Payload bytes);
  void end_of_data();
  void received(std::size_t count);

  Stream* find(std::uint32_t id);
  void peer_ended(Stream& stream);
  void drop_unread(Stream& stream);
  void put_control(std::uint16_t type, std::initializer_list<std::uint32_t> numbers);
  void put_reset(std::uint32_t id, SpdyReset status) {
    put_control(3, {id, static_cast<std::uint32_t>(status)});
  }

  SpdyLimits limits_;
  SpdyInflater inflater_;
  SpdyDeflater deflater_;
  std::map<std::uint32_t, StreamPtr> streams_;
  std::deque<StreamPtr> opened_;
  std::string frame_;  // of the frame that is being received: its head; of a control frame, all of it
  std::size_t data_left_ = 0;
  std::uint32_t data_stream_ = 0;
  bool in_data_ = false, data_fin_ = false;
  std::string output_;
  std::size_t unread_ = 0, untold_ = 0;
  std::uint32_t last_stream_ = 0;
  std::int64_t window_ = 64 << 10, first_window_ = 64 << 10;
  bool heeds_windows_ = false, peer_leaves_ = false, said_goodbye_ = false;
};

}  // namespace podo::http
