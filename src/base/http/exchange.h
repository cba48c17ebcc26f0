// One request and its answer on a connection of the server: the Exchange that a handler sees. Private to
// base/http.
#pragma once

#include "base/http/incoming.h"
#include "base/http/server.h"
#include "base/io/socket.h"
#include "base/io/timer.h"

namespace podo::http {

// Cancels a connection whose peer lets too much time pass.
class Watchdog final : private io::Timer {
 public:
  Watchdog(io::Loop& loop, io::TaskGroup& connection) : loop_(loop), connection_(connection) {}
  void expect_within(Duration time) { set(loop_, loop_.clock().now() + time); }
  void rest() { cancel(); }

 private:
  void fired() override { connection_.cancel(); }
  io::Loop& loop_;
  io::TaskGroup& connection_;
};

// The stream of a connection and how long its peer may take to accept bytes.
struct Outgoing {
  std::unique_ptr<io::Stream> stream;
  Watchdog& watchdog;
  Duration write_within;
  io::Socket* socket = nullptr;  // the same stream, when nothing stands between it and the kernel
  Task<void> write(std::string_view bytes);
  Task<void> send_file(int file, std::uint64_t offset, std::uint64_t count);
};

// The value of a Date field, made anew once a second.
class DateField {
 public:
  explicit DateField(Clock& clock) : clock_(clock) {}
  const std::string& now();

 private:
  Clock& clock_;
  std::int64_t second_ = -1;
  std::string text_;
};

class ServerExchange final : public Exchange {
 public:
  ServerExchange(Outgoing& out, Incoming& in, const Peer& peer, DateField& date);

  std::string_view method() const override { return head_.method; }
  std::string_view path() const override { return path_; }
  const Query& query() const override { return query_; }
  const Headers& headers() const override { return head_.headers; }
  const Peer& peer() const override { return peer_; }
  Body& body() override { return body_; }
  Task<void> respond(int status, Headers headers, std::string body) override;
  Task<void> begin(int status, Headers headers) override;
  Task<void> write(std::string_view bytes) override;
  Task<void> end() override;
  Task<void> send_file(int file, std::uint64_t offset, std::uint64_t count) override;
  Task<std::unique_ptr<io::Stream>> upgrade(int status, Headers headers) override;
  Task<void> peer_gone() override { co_await in_.wait_for_end(); }
  bool head_sent() const override { return state_ != State::open && held_.empty(); }

  bool upgraded() const { return state_ == State::upgraded; }
  bool ended() const { return state_ == State::ended; }
  // The answer is whole, and its head promised that the connection goes on.
  bool keeps_connection() const { return ended() && keep_alive_; }
  // The peer may still wait for leave to send its body: then nobody can know what comes next.
  bool awaits_continue() const { return awaits_continue_; }

 private:
  enum class State : std::uint8_t { open, begun, ended, upgraded };
  enum class Framing : std::uint8_t { none, length, chunked, to_the_end };
  class RequestBody final : public Body {
   public:
    explicit RequestBody(ServerExchange& exchange) : exchange_(exchange) {}
    Task<std::size_t> read(std::span<std::byte> into) override { return exchange_.read_body(into); }

   private:
    ServerExchange& exchange_;
  };

  Result<> keep_promise(std::uint64_t count);
  Task<std::size_t> read_body(std::span<std::byte> into);
  std::string head_text(int status, const Headers& headers) const;
  Task<void> let_go(std::string_view bytes);
  void choose_framing(int status, Headers& headers);
  bool bodiless(int status) const { return status < 200 || status == 204 || status == 304; }

  Outgoing& out_;
  Incoming& in_;
  Head& head_;
  const Peer& peer_;
  DateField& date_;
  std::string_view path_;
  Query query_;
  RequestBody body_;
  std::string chunk_, held_;    // held back: the head, until the first bytes of a known number come
  std::uint64_t promised_ = 0;  // of Framing::length: what is still to come
  State state_ = State::open;
  Framing framing_ = Framing::none;
  bool keep_alive_, awaits_continue_;
};

}  // namespace podo::http
