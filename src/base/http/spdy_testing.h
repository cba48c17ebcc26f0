// A client of SPDY/3.1 for tests, over any stream. Like kubectl's it sends without heeding windows, unless
// the test speaks of them with window_update().
#pragma once

#include <map>

#include "base/http/spdy_headers.h"
#include "base/io/condition.h"
#include "base/io/group.h"

namespace podo::http {

class SpdyTestClient {
 public:
  struct Seen {
    bool replied = false, ended = false;
    std::optional<std::uint32_t> reset = {};
    std::string bytes = {};
    std::uint64_t granted = 0;  // by WINDOW_UPDATE
  };

  SpdyTestClient(io::Loop& loop, std::unique_ptr<io::Stream> stream)
      : stream_(std::move(stream)), reading_(loop) {
    reading_.spawn(read(), "SPDY test client");
  }

  std::map<std::uint32_t, Seen> seen;
  std::vector<std::uint32_t> pings;
  std::optional<std::uint32_t> goaway;  // its status
  bool closed = false, reads = true;
  io::Condition changed{"a SPDY test client"};

  static std::string number(std::uint64_t value, int bytes = 4) {
    std::string out;
    while (bytes-- > 0) out += static_cast<char>(value >> (bytes * 8) & 0xff);
    return out;
  }
  static std::string control(std::uint16_t type, std::uint8_t flags, std::string_view payload) {
    return number(0x8003, 2) + number(type, 2) + number(flags, 1) + number(payload.size(), 3) +
           std::string(payload);
  }
  static std::string data(std::uint32_t id, std::string_view bytes, bool fin = false) {
    return number(id) + number(fin ? 1 : 0, 1) + number(bytes.size(), 3) + std::string(bytes);
  }
  std::string syn_stream(std::uint32_t id, const Headers& headers, std::uint8_t flags = 0) {
    return control(1, flags, number(id) + number(0) + number(0, 2) + deflater_.write(headers));
  }

  io::Task<void> send(std::string bytes) { co_await stream_->write(io::bytes_of(bytes)); }
  io::Task<std::uint32_t> open(Headers headers, std::uint8_t flags = 0) {
    const std::uint32_t id = std::exchange(next_, next_ + 2);
    seen[id];
    co_await send(syn_stream(id, headers, flags));
    co_return id;
  }
  io::Task<void> send_data(std::uint32_t id, std::string bytes, bool fin = false) {
    return send(data(id, bytes, fin));
  }
  io::Task<void> window_update(std::uint32_t id, std::uint32_t more) {
    return send(control(9, 0, number(id) + number(more)));
  }
  io::Task<void> ping(std::uint32_t id) { return send(control(6, 0, number(id))); }
  io::Task<void> rst(std::uint32_t id, std::uint32_t status) {
    return send(control(3, 0, number(id) + number(status)));
  }
  template <class F>
  io::Task<void> until(F holds) {
    while (!holds() && !closed) co_await changed.wait();
  }
  io::Task<void> until_ended(std::uint32_t id) {
    while (!seen[id].ended && !seen[id].reset && !closed) co_await changed.wait();
  }
  void hang_up() {
    reading_.cancel();
    stream_.reset();
  }

 private:
  static std::uint32_t be(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }

  io::Task<void> read() {
    for (;;) {
      while (!reads) co_await changed.wait();
      auto head = co_await io::read_exactly(*stream_, 8).result();
      if (!head) break;
      auto payload = co_await io::read_exactly(*stream_, be(std::string_view(*head).substr(5, 3))).result();
      if (!payload) break;
      take(*head, *payload);
      changed.notify_all();
    }
    closed = true;
    changed.notify_all();
  }

  void take(std::string_view head, std::string_view payload) {
    if ((head[0] & 0x80) == 0) {
      Seen& stream = seen[be(head.substr(0, 4))];
      stream.bytes += payload;
      stream.ended = stream.ended || head[4] == 1;
      return;
    }
    const std::uint32_t type = be(head.substr(2, 2)), id = be(payload.substr(0, 4));
    if (type == 2) {
      seen[id].replied = inflater_.read(io::bytes_of(payload.substr(4))).has_value();
      seen[id].ended = seen[id].ended || head[4] == 1;
    }
    if (type == 3) seen[id].reset = be(payload.substr(4, 4));
    if (type == 6) pings.push_back(id);
    if (type == 7) goaway = be(payload.substr(4, 4));
    if (type == 9) seen[id].granted += be(payload.substr(4, 4));
  }

  std::unique_ptr<io::Stream> stream_;
  SpdyDeflater deflater_;
  SpdyInflater inflater_{64 << 10};
  std::uint32_t next_ = 1;
  io::TaskGroup reading_;
};

}  // namespace podo::http
