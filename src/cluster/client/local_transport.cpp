#include "base/io/condition.h"
#include "cluster/client/transport.h"

namespace podo::client {
namespace {

constexpr std::size_t unread_bytes_max = 1 << 20;

// What server and client have in common for one request: the head, and bytes of the body that wait.
struct Carried {
  std::optional<int> status;
  http::Headers headers;
  std::string bytes;
  std::size_t taken = 0;  // of bytes
  bool ended = false, dropped = false;
  std::optional<Error> failure;
  io::Condition changed{"a request in this process"};

  std::size_t unread() const { return bytes.size() - taken; }
};

class TextBody final : public http::Body {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    const std::string_view rest = std::string_view(text_).substr(read_);
    const std::size_t count = std::min(into.size(), rest.size());
    std::copy_n(io::bytes_of(rest).begin(), count, into.begin());
    read_ += count;
    co_return count;
  }

 private:
  std::string text_;
  std::size_t read_ = 0;
};

class LocalExchange final : public http::Exchange {
 public:
  LocalExchange(http::Request request, const http::Peer& peer, Carried& carried)
      : method_(std::move(request.method)),
        path_(request.url.substr(0, request.url.find('?'))),
        query_(path_.size() < request.url.size() ? http::Query::parse(request.url.substr(path_.size() + 1))
                                                 : http::Query()),
        headers_(std::move(request.headers)),
        peer_(peer),
        own_body_(std::move(request.body)),
        body_(request.streamed_body != nullptr ? *request.streamed_body : own_body_),
        carried_(carried) {}

  std::string_view method() const override { return method_; }
  std::string_view path() const override { return path_; }
  const http::Query& query() const override { return query_; }
  const http::Headers& headers() const override { return headers_; }
  const http::Peer& peer() const override { return peer_; }
  http::Body& body() override { return body_; }
  bool head_sent() const override { return carried_.status.has_value(); }

  Task<void> respond(int status, http::Headers headers, std::string body) override {
    carried_.bytes = std::move(body);
    co_await begin(status, std::move(headers));
    co_await end();
  }
  Task<void> begin(int status, http::Headers headers) override {
    carried_.headers = std::move(headers);
    carried_.status = status;
    carried_.changed.notify_all();
    co_return;
  }
  Task<void> write(std::string_view bytes) override {
    while (carried_.unread() > unread_bytes_max && !carried_.dropped) co_await carried_.changed.wait();
    if (carried_.dropped) co_await unavailable("the caller has gone");
    carried_.bytes += bytes;
    carried_.changed.notify_all();
  }
  Task<void> end() override {
    carried_.ended = true;
    carried_.changed.notify_all();
    co_return;
  }
  Task<std::unique_ptr<io::Stream>> upgrade(int, http::Headers) override {
    co_return unsupported("a connection of its own, inside one process");
  }
  Task<void> peer_gone() override {
    while (!carried_.dropped) co_await carried_.changed.wait();
  }

 private:
  const std::string method_, path_;
  const http::Query query_;
  const http::Headers headers_;
  const http::Peer& peer_;
  TextBody own_body_;
  http::Body& body_;
  Carried& carried_;
};

// The handler's strand, with all it uses; it dies with the answer's body.
class Handling {
 public:
  Handling(io::Loop& loop, http::Handler& handler, http::Request request, const http::Peer& as)
      : exchange_(std::move(request), as, carried_), group_(loop) {
    group_.spawn(run(handler), "a request in this process");
  }
  ~Handling() {
    carried_.dropped = true;
    group_.cancel();
  }
  Carried& carried() { return carried_; }

 private:
  Task<void> run(http::Handler& handler) {
    Result<void> outcome = co_await handler.handle(exchange_).result();
    if (!outcome) carried_.failure = std::move(outcome).error();
    carried_.ended = true;
    carried_.changed.notify_all();
  }

  Carried carried_;
  LocalExchange exchange_;
  io::TaskGroup group_;
};

class LocalBody final : public http::Body {
 public:
  explicit LocalBody(std::unique_ptr<Handling> handling) : handling_(std::move(handling)) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    Carried& carried = handling_->carried();
    while (carried.unread() == 0 && !carried.ended) co_await carried.changed.wait();
    const std::size_t count = std::min(into.size(), carried.unread());
    if (count == 0 && carried.failure && !into.empty()) co_await Failure(*carried.failure);
    std::copy_n(io::bytes_of(carried.bytes).begin() + static_cast<std::ptrdiff_t>(carried.taken), count,
                into.begin());
    carried.taken += count;
    if (carried.unread() == 0) {
      carried.bytes.clear();
      carried.taken = 0;
    }
    carried.changed.notify_all();
    co_return count;
  }

 private:
  std::unique_ptr<Handling> handling_;
};

}  // namespace

Task<http::Response> LocalTransport::send(http::Request request) {
  auto handling = std::make_unique<Handling>(loop_, handler_, std::move(request), as_);
  Carried& carried = handling->carried();
  while (!carried.status && !carried.ended) co_await carried.changed.wait();
  if (!carried.status) {
    if (carried.failure) co_return Failure(*carried.failure);
    co_return internal("the request was not answered");
  }
  http::Response response;
  response.status = *carried.status;
  response.headers = std::move(carried.headers);
  response.body = std::make_unique<LocalBody>(std::move(handling));
  co_return response;
}

}  // namespace podo::client
