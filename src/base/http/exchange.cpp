#include "base/http/exchange.h"

#include <time.h>
#include <unistd.h>

#include <charconv>

namespace podo::http {
namespace {

constexpr std::size_t slice_max = 64 << 10;
constexpr std::uint64_t file_slice_max = 4 << 20;

}  // namespace

const std::string& DateField::now() {
  static constexpr std::string_view days = "SunMonTueWedThuFriSat",
                                    months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::int64_t second = clock_.wall().ns / 1'000'000'000;
  if (second == second_) return text_;
  second_ = second;
  tm parts{};
  ::gmtime_r(&second, &parts);
  auto two = [](int number) { return std::string(number < 10 ? "0" : "") + text("{}", number); };
  text_ = text("{}, {} {} {} {}:{}:{} GMT", days.substr(static_cast<std::size_t>(parts.tm_wday) * 3, 3),
               two(parts.tm_mday), months.substr(static_cast<std::size_t>(parts.tm_mon) * 3, 3),
               parts.tm_year + 1900, two(parts.tm_hour), two(parts.tm_min), two(parts.tm_sec));
  return text_;
}

Task<void> Outgoing::write(std::string_view bytes) {
  while (!bytes.empty()) {
    watchdog.expect_within(write_within);
    std::size_t count = std::min(bytes.size(), slice_max);
    co_await stream->write(io::bytes_of(bytes.substr(0, count)));
    bytes.remove_prefix(count);
  }
  watchdog.rest();
}

Task<void> Outgoing::send_file(int file, std::uint64_t offset, std::uint64_t count) {
  while (count > 0) {
    watchdog.expect_within(write_within);
    const std::uint64_t some = std::min(count, file_slice_max);
    co_await socket->send_file(file, offset, some);
    offset += some;
    count -= some;
  }
  watchdog.rest();
}

Task<void> Exchange::send_file(int file, std::uint64_t offset, std::uint64_t count) {
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(count, slice_max)), '\0');
  while (count > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count, slice_max));
    const ssize_t got = ::pread(file, bytes.data(), wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) co_await failed_errno(errno, "read a file");
    if (got == 0) co_await corrupt("a file ended {} bytes before its end", count);
    co_await write(std::string_view(bytes).substr(0, static_cast<std::size_t>(got)));
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::uint64_t>(got);
  }
}

ServerExchange::ServerExchange(Outgoing& out, Incoming& in, const Peer& peer, DateField& date)
    : out_(out),
      in_(in),
      head_(in.head()),
      peer_(peer),
      date_(date),
      path_(std::string_view(head_.target).substr(0, head_.target.find('?'))),
      body_(*this),
      keep_alive_(head_.keep_alive && head_.method != "CONNECT"),
      awaits_continue_(!head_.http_1_0 && head_.has_body &&
                       head_.headers.has_word("Expect", "100-continue")) {
  if (path_.size() < head_.target.size())
    query_ = Query::parse(std::string_view(head_.target).substr(path_.size() + 1));
}

Task<std::size_t> ServerExchange::read_body(std::span<std::byte> into) {
  if (std::exchange(awaits_continue_, false) && state_ == State::open)
    co_await out_.write("HTTP/1.1 100 Continue\r\n\r\n");
  co_return co_await in_.read_body(into);
}

// --- the head ---------------------------------------------------------------------------------------------

std::string ServerExchange::head_text(int status, const Headers& headers) const {
  std::string out;
  out.reserve(512);
  out += text("HTTP/1.1 {} {}\r\n", status, reason_of(status));
  append_fields(out, headers);
  if (!headers.find("Date")) out.append("Date: ").append(date_.now()).append("\r\n");
  out += "\r\n";
  return out;
}

// How the peer will know the end of the answer; what says so is among the headers afterwards.
void ServerExchange::choose_framing(int status, Headers& headers) {
  headers.remove("Transfer-Encoding");
  if (headers.has_word("Connection", "close") || awaits_continue_) keep_alive_ = false;
  if (bodiless(status)) {
    framing_ = Framing::none;
    headers.remove("Content-Length");
  } else if (auto length = headers.find("Content-Length")) {
    framing_ = Framing::length;
    auto [end, problem] = std::from_chars(length->begin(), length->end(), promised_);
    ENSURE(problem == std::errc() && end == length->end());
  } else if (head_.http_1_0) {
    framing_ = Framing::to_the_end;
    keep_alive_ = false;
  } else {
    framing_ = Framing::chunked;
    headers.add("Transfer-Encoding", "chunked");
  }
  if (head_.method == "HEAD") framing_ = Framing::none;
  if (!keep_alive_ && !headers.find("Connection")) headers.add("Connection", "close");
  if (keep_alive_ && head_.http_1_0 && !headers.find("Connection")) headers.add("Connection", "keep-alive");
}

// --- the answer -------------------------------------------------------------------------------------------

Task<void> ServerExchange::respond(int status, Headers headers, std::string body) {
  ENSURE(!head_sent());  // a request is answered once
  held_.clear();
  if (!bodiless(status)) headers.set("Content-Length", text("{}", body.size()));
  choose_framing(status, headers);
  std::string bytes = head_text(status, headers);
  state_ = State::begun;
  if (framing_ == Framing::none) body.clear();
  if (body.size() <= slice_max) bytes += body;
  co_await out_.write(bytes);
  if (body.size() > slice_max) co_await out_.write(body);
  state_ = State::ended;
}

Task<void> ServerExchange::begin(int status, Headers headers) {
  ENSURE(state_ == State::open);  // a request is answered once
  choose_framing(status, headers);
  state_ = State::begun;
  held_ = head_text(status, headers);
  if (framing_ != Framing::length || promised_ == 0) co_await let_go({});
}

// What was held back goes with the bytes, at once if they are few.
Task<void> ServerExchange::let_go(std::string_view bytes) {
  if (held_.empty()) co_return co_await out_.write(bytes);
  std::string first = std::exchange(held_, {});
  const bool few = bytes.size() <= slice_max;
  if (few) first += bytes;
  co_await out_.write(first);
  if (!few) co_await out_.write(bytes);
}

Result<> ServerExchange::keep_promise(std::uint64_t count) {
  if (count > promised_) return internal("more bytes than the Content-Length promised");
  promised_ -= count;
  return {};
}

Task<void> ServerExchange::send_file(int file, std::uint64_t offset, std::uint64_t count) {
  ENSURE(state_ == State::begun);
  if (framing_ == Framing::none) co_return;
  if (out_.socket == nullptr || framing_ == Framing::chunked)
    co_return co_await Exchange::send_file(file, offset, count);
  if (framing_ == Framing::length) co_await keep_promise(count);
  co_await let_go({});
  co_await out_.send_file(file, offset, count);
}

Task<void> ServerExchange::write(std::string_view bytes) {
  ENSURE(state_ == State::begun);
  if (bytes.empty() || framing_ == Framing::none) co_return;
  if (framing_ == Framing::length) co_await keep_promise(bytes.size());
  if (framing_ != Framing::chunked) co_return co_await let_go(bytes);
  while (!bytes.empty()) {
    std::string_view slice = bytes.substr(0, slice_max - 16);
    bytes.remove_prefix(slice.size());
    chunk_ = text("{:x}\r\n", slice.size());
    chunk_.append(slice).append("\r\n");
    co_await out_.write(chunk_);
  }
}

Task<void> ServerExchange::end() {
  ENSURE(state_ == State::begun);
  co_await let_go({});
  if (framing_ == Framing::chunked) co_await out_.write("0\r\n\r\n");
  if (framing_ == Framing::length && promised_ > 0)
    co_await internal("{} bytes fewer than the Content-Length promised", promised_);
  state_ = State::ended;
}

Task<std::unique_ptr<io::Stream>> ServerExchange::upgrade(int status, Headers headers) {
  ENSURE(state_ == State::open);
  co_await discard(body_);  // what follows it is the new protocol's
  if (status == 101 && !headers.find("Connection")) headers.add("Connection", "Upgrade");
  state_ = State::upgraded;
  co_await out_.write(head_text(status, headers));
  co_return resume_stream(std::move(out_.stream), in_.take_rest());
}

}  // namespace podo::http
