#include "base/http/incoming.h"

#include <algorithm>
#include <cstring>

#include "base/io/condition.h"

namespace podo::http {
namespace {

constexpr std::size_t idle = 256;          // idle connections are many
constexpr std::size_t little = 2 << 10;    // read at once; most heads fit
constexpr std::size_t kept_max = 8 << 10;  // of what the peer sends before it is asked for
constexpr std::size_t worth_reading_in_place = 2 << 10;

// What the connection's last owner had read too much, then the connection itself.
class ResumedStream final : public io::Stream {
 public:
  ResumedStream(std::unique_ptr<io::Stream> stream, std::string first)
      : stream_(std::move(stream)), first_(std::move(first)) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    if (first_.empty() || into.empty()) co_return co_await stream_->read(into);
    std::size_t count = std::min(into.size(), first_.size());
    std::copy_n(io::bytes_of(first_).begin(), count, into.begin());
    first_.erase(0, count);
    co_return count;
  }
  Task<void> write(std::span<const std::byte> bytes) override { return stream_->write(bytes); }
  Result<void> finish() override { return stream_->finish(); }

 private:
  std::unique_ptr<io::Stream> stream_;
  std::string first_;
};

}  // namespace

Task<std::size_t> Incoming::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size() || buffer_.size() < little) buffer_.resize(end_ + little);
  std::size_t count = co_await stream_.read(io::writable_bytes_of(buffer_).subspan(end_));
  end_ += count;
  co_return count;
}

Task<bool> Incoming::wait_for_bytes() {
  if (begin_ != end_) co_return true;
  begin_ = end_ = 0;
  buffer_ = std::string(idle, '\0');
  end_ = co_await stream_.read(io::writable_bytes_of(buffer_));
  co_return end_ > 0;
}

Task<void> Incoming::read_head(bool no_body) {
  parser_.begin();
  if (no_body) parser_.expect_no_body();
  while (!parser_.head_complete()) {
    if (begin_ == end_ && co_await fill() == 0) co_await parser_.end_of_input();
    begin_ += co_await parser_.feed_head(rest());
  }
}

Task<std::size_t> Incoming::read_body(std::span<std::byte> into) {
  while (!parser_.message_complete() && !into.empty()) {
    if (begin_ == end_ && into.size() >= worth_reading_in_place) {
      // The body's bytes are decoded where the caller wants them; what is behind the message is put aside.
      std::size_t count = co_await stream_.read(into);
      if (count == 0) co_await parser_.end_of_input();
      Parser::Fed fed = co_await parser_.feed_body(into.first(count), into);
      if (fed.taken < count) {
        buffer_.resize(std::max(little, count - fed.taken));
        begin_ = 0;
        end_ = count - fed.taken;
        // The decoded bytes end before those that were not taken begin.
        std::memcpy(buffer_.data(), into.data() + fed.taken, end_);
      }
      if (fed.decoded > 0) co_return fed.decoded;
      continue;
    }
    if (begin_ == end_ && co_await fill() == 0) co_await parser_.end_of_input();
    std::span<const std::byte> bytes = rest().first(std::min(rest().size(), into.size()));
    Parser::Fed fed = co_await parser_.feed_body(bytes, into);
    begin_ += fed.taken;
    if (fed.decoded > 0) co_return fed.decoded;
  }
  co_return 0;
}

Task<void> Incoming::wait_for_end() {
  for (;;) {
    if (begin_ > 0 && end_ == buffer_.size()) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= std::exchange(begin_, 0);
    }
    if (end_ >= kept_max) {
      io::Condition never("room for what the peer sends");  // an end behind so many bytes is not seen
      co_await never.wait();
    }
    Result<std::size_t> count = co_await fill().result();
    if (!count && count.error().kind() == ErrorKind::cancelled) co_await Failure(std::move(count).error());
    if (!count || *count == 0) co_return;
  }
}

std::string Incoming::take_rest() {
  std::string rest = buffer_.substr(begin_, end_ - begin_);
  begin_ = end_ = 0;
  return rest;
}

std::unique_ptr<io::Stream> resume_stream(std::unique_ptr<io::Stream> stream, std::string first) {
  if (first.empty()) return stream;
  return std::make_unique<ResumedStream>(std::move(stream), std::move(first));
}

}  // namespace podo::http
