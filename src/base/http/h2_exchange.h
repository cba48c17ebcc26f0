// One request and its answer on a connection of HTTP/2. Private to base/http.
#pragma once

#include "base/http/exchange.h"
#include "base/http/h2_session.h"

namespace podo::http {

class H2Exchange final : public Exchange {
 public:
  // What a connection's exchanges have in common.
  struct Shared {
    H2Session& session;
    io::Loop& loop;
    io::Condition& has_output;  // told when the session has
    const Peer& peer;
    DateField& date;
    Duration write_within;
  };
  H2Exchange(Shared shared, H2Stream& stream);

  std::string_view method() const override { return stream_.head.method; }
  std::string_view path() const override { return path_; }
  const Query& query() const override { return query_; }
  const Headers& headers() const override { return stream_.head.headers; }
  const Peer& peer() const override { return shared_.peer; }
  Body& body() override { return body_; }
  Task<void> respond(int status, Headers headers, std::string body) override;
  Task<void> begin(int status, Headers headers) override;
  Task<void> write(std::string_view bytes) override;
  Task<void> end() override;
  Task<std::unique_ptr<io::Stream>> upgrade(int status, Headers headers) override;
  Task<void> peer_gone() override;
  bool head_sent() const override { return state_ != State::open; }

  bool ended() const { return state_ == State::ended; }

 private:
  enum class State : std::uint8_t { open, begun, ended };
  class RequestBody final : public Body {
   public:
    explicit RequestBody(H2Exchange& exchange) : exchange_(exchange) {}
    Task<std::size_t> read(std::span<std::byte> into) override { return exchange_.read_body(into); }

   private:
    H2Exchange& exchange_;
  };
  // Resets a stream whose peer opens no window for too long.
  class Patience final : private io::Timer {
   public:
    explicit Patience(H2Exchange& exchange) : exchange_(exchange) {}
    void start() {
      set(exchange_.shared_.loop, exchange_.shared_.loop.clock().now() + exchange_.shared_.write_within);
    }
    void rest() { cancel(); }

   private:
    void fired() override;
    H2Exchange& exchange_;
  };

  Task<std::size_t> read_body(std::span<std::byte> into);
  void send_head(int status, Headers headers, bool bare);
  Task<void> send(std::string_view bytes, bool last);

  Shared shared_;
  H2Stream& stream_;
  std::string_view path_;
  Query query_;
  RequestBody body_;
  Patience patience_;
  std::optional<std::uint64_t> promised_;  // by Content-Length: what is still to come
  State state_ = State::open;
  bool bare_ = false, awaits_continue_;  // bare: no bytes follow the head
};

}  // namespace podo::http
