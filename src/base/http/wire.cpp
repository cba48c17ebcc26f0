#include "base/http/wire.h"

#include "base/io/combine.h"

namespace podo::http {
namespace {

constexpr std::size_t small = 64 << 10;  // a body that goes with the head, before the answer is waited for

Task<void> join(io::TaskGroup& group) { co_await group.join(); }

std::string head_text(const Request& request, const Url& url, bool& chunked) {
  std::string out = text("{} {} HTTP/1.1\r\n", request.method, url.target);
  if (!request.headers.find("Host")) out += text("Host: {}\r\n", url.authority());
  append_fields(out, request.headers);
  bool takes_body = request.method != "GET" && request.method != "HEAD" && request.method != "DELETE";
  chunked = request.streamed_body != nullptr && !request.body_size;
  std::uint64_t size = request.streamed_body != nullptr ? request.body_size.value_or(0) : request.body.size();
  if (chunked) out += "Transfer-Encoding: chunked\r\n";
  else if (size > 0 || takes_body) out += text("Content-Length: {}\r\n", size);
  out += "\r\n";
  return out;
}

}  // namespace

Wire::Wire(io::Loop& loop, std::unique_ptr<io::Stream> stream, const ClientLimits& limits)
    : loop_(loop),
      stream_(std::move(stream)),
      limits_(limits),
      in_(*stream_, Parser::Kind::response, {.head = limits.head}),
      sending_(loop) {}

Task<void> Wire::exchange(const Request& request, const Url& url) {
  answered_ = sent_ = false;
  bool chunked = false, no_body = request.method == "HEAD";
  std::string head = head_text(request, url, chunked);
  if (request.streamed_body == nullptr && request.body.size() <= small)
    co_await send(head + request.body, {}, nullptr, false);
  else
    sending_.spawn(
        send(std::move(head), request.streamed_body ? "" : request.body, request.streamed_body, chunked),
        "http request body");
  if (limits_.answer_within.ns == 0) co_return co_await receive(receive_head(no_body));
  co_await receive(io::first(receive_head(no_body), lose_patience()));
}

// --- sending ----------------------------------------------------------------------------------------------

// A peer that closes while it is sent to may have answered already: whoever receives will see.
Task<void> Wire::send(std::string head, std::string body, Body* streamed, bool chunked) {
  bool written = (co_await stream_->write(io::bytes_of(head)).result()).has_value();
  if (written && !body.empty()) written = (co_await stream_->write(io::bytes_of(body)).result()).has_value();
  if (written && streamed != nullptr) co_return co_await send_streamed(*streamed, chunked);
  sent_ = written;
  all_sent_.notify_all();
}

Task<void> Wire::send_streamed(Body& body, bool chunked) {
  std::string bytes(small, '\0');
  for (;;) {
    Result<std::size_t> count = co_await body.read(io::writable_bytes_of(bytes)).result();
    if (!count) co_return body_failed(std::move(count).error());
    std::string framed = chunked ? text("{:x}\r\n", *count) : std::string();
    framed.append(bytes, 0, *count);
    if (chunked) framed += "\r\n";
    bool written = (co_await stream_->write(io::bytes_of(framed)).result()).has_value();
    if (written && *count > 0) continue;
    sent_ = written;
    all_sent_.notify_all();
    co_return;
  }
}

void Wire::body_failed(Error error) {
  body_error_ = std::move(error);
  if (receiving_ != nullptr) receiving_->cancel();
}

// --- receiving --------------------------------------------------------------------------------------------

// Waits for what the peer sends, unless the request's own body fails meanwhile.
Task<void> Wire::receive(Task<void> receiving) {
  if (sent_) co_return co_await receiving;
  io::TaskGroup group(loop_);
  struct Listening {
    explicit Listening(io::TaskGroup*& place, io::TaskGroup& group) : place_(place) { place = &group; }
    ~Listening() { place_ = nullptr; }
    io::TaskGroup*& place_;
  } listening(receiving_, group);
  if (!body_error_) group.spawn(std::move(receiving), "http answer");
  Result<void> received = co_await join(group).result();
  if (body_error_) co_await fail(body_error_->kind(), body_error_->message(), body_error_->system_errno());
  co_await std::move(received);
}

Task<void> Wire::receive_head(bool no_body) {
  if (!co_await in_.wait_for_bytes()) co_await unavailable("the connection was closed before an answer came");
  answered_ = true;
  do co_await in_.read_head(no_body);
  while (in_.head().status < 200 && in_.head().status != 101);
}

Task<void> Wire::lose_patience() {
  while (!sent_) co_await all_sent_.wait();
  co_await io::sleep(limits_.answer_within);
  co_await failed_errno(ETIMEDOUT, "no answer within {} ms", limits_.answer_within.ns / 1'000'000);
}

Task<void> Wire::read_into(std::span<std::byte> into, std::size_t& count) {
  count = co_await in_.read_body(into);
}

Task<std::size_t> Wire::read_body(std::span<std::byte> into) {
  if (in_.message_complete()) co_return 0;
  if (sent_ && limits_.read_within.ns == 0) co_return co_await in_.read_body(into);
  std::size_t count = 0;
  if (limits_.read_within.ns == 0) {
    co_await receive(read_into(into, count));
    co_return count;
  }
  Result<void> read = co_await io::deadline(receive(read_into(into, count)), limits_.read_within).result();
  if (!read && read.error().system_errno() == ETIMEDOUT)
    co_return failed_errno(ETIMEDOUT, "the answer's body has stalled for {} ms",
                           limits_.read_within.ns / 1'000'000);
  co_await std::move(read);
  co_return count;
}

// --- a connection that is kept, or given away -------------------------------------------------------------

Task<bool> Wire::is_open() {
  // A read that has to wait is the good sign.
  bool asked = false;
  auto speaks = [](Incoming& in, bool& begun) -> Task<bool> {
    begun = true;
    (void)co_await in.wait_for_bytes();
    co_return true;
  };
  auto waits = [](const bool& begun) -> Task<bool> {
    do co_await io::yield();
    while (!begun);
    co_return false;
  };
  Result<bool> spoke = co_await io::first(speaks(in_, asked), waits(asked)).result();
  co_return spoke && !*spoke;
}

std::unique_ptr<io::Stream> Wire::take_stream() { return resume_stream(std::move(stream_), in_.take_rest()); }

}  // namespace podo::http
