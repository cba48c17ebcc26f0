#include "base/http/spdy_session.h"

#include "base/core/ensure.h"

namespace podo::http {
namespace {

constexpr std::size_t head_size = 8;
constexpr std::size_t data_frame_max = 32 << 10;
constexpr std::size_t tell_after = 32 << 10;  // half of the window that a peer begins with
constexpr std::int64_t window_max = 0x7fffffff;
constexpr std::uint16_t version = 3;
constexpr std::uint8_t flag_fin = 1, flag_unidirectional = 2;
constexpr std::uint32_t initial_window_size = 7;
enum Type : std::uint16_t {
  type_syn_stream = 1,
  type_syn_reply = 2,
  type_rst_stream = 3,
  type_settings = 4,
  type_ping = 6,
  type_goaway = 7,
  type_headers = 8,
  type_window_update = 9,
};

void append_be(std::string& out, std::uint64_t number, int bytes) {
  while (bytes-- > 0) out += static_cast<char>(number >> (bytes * 8) & 0xff);
}

std::uint32_t be(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < count; ++i)
    number = number << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return number;
}
std::uint32_t id_at(std::span<const std::byte> bytes, std::size_t at) {
  return be(bytes, at, 4) & 0x7fffffff;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append_head(std::string& out, std::uint32_t first, std::uint8_t flags, std::size_t size) {
  append_be(out, first, 4);
  append_be(out, flags, 1);
  append_be(out, size, 3);
}

std::uint32_t control_word(std::uint16_t type) { return 0x80000000u | std::uint32_t{version} << 16 | type; }

}  // namespace

// --- receiving --------------------------------------------------------------------------------------------

Result<> SpdySession::feed(Payload bytes) {
  while (!bytes.empty()) {
    const Result<> fed = in_data_ ? feed_data(bytes) : feed_frame(bytes);
    if (fed) continue;
    if (!std::exchange(said_goodbye_, true)) put_control(type_goaway, {last_stream_, 1});
    return fed;
  }
  return {};
}

Result<> SpdySession::feed_data(Payload& bytes) {
  const std::size_t count = std::min(bytes.size(), data_left_);
  data(bytes.first(count));
  bytes = bytes.subspan(count);
  data_left_ -= count;
  if (data_left_ == 0) end_of_data();
  return {};
}

// A head, and for a control frame the rest of it.
Result<> SpdySession::feed_frame(Payload& bytes) {
  const bool has_head = frame_.size() >= head_size;
  const std::size_t wanted = head_size + (has_head ? be(io::bytes_of(frame_), 5, 3) : 0);
  const std::size_t count = std::min(bytes.size(), wanted - frame_.size());
  frame_.append(text_of(bytes.first(count)));
  bytes = bytes.subspan(count);
  if (frame_.size() < wanted) return {};
  if (!has_head) TRY(begin_frame());
  if (frame_.empty() || frame_.size() < head_size + be(io::bytes_of(frame_), 5, 3)) return {};
  const std::string frame = std::exchange(frame_, {});
  const Payload whole = io::bytes_of(frame);
  return control(static_cast<std::uint16_t>(be(whole, 2, 2)), static_cast<std::uint8_t>(be(whole, 4, 1)),
                 whole.subspan(head_size));
}

// The head is there: of data, or of a control frame whose size is bounded.
Result<> SpdySession::begin_frame() {
  const Payload head = io::bytes_of(frame_);
  const std::size_t size = be(head, 5, 3);
  if ((be(head, 0, 1) & 0x80) != 0) {
    if ((be(head, 0, 2) & 0x7fff) != version)
      return corrupt("SPDY: a frame of version {}", be(head, 0, 2) & 0x7fff);
    if (size > limits_.control_frame) return exhausted("SPDY: a control frame of {} bytes", size);
    return {};
  }
  in_data_ = true;
  data_stream_ = id_at(head, 0);
  data_fin_ = (be(head, 4, 1) & flag_fin) != 0;
  data_left_ = size;
  frame_.clear();
  const Stream* stream = find(data_stream_);
  if (stream == nullptr && data_stream_ > last_stream_) put_reset(data_stream_, SpdyReset::invalid_stream);
  if (size == 0) end_of_data();
  return {};
}

void SpdySession::data(Payload bytes) {
  Stream* stream = find(data_stream_);
  if (stream == nullptr || stream->reset) return received(bytes.size());
  if (stream->ended) {
    reset(*stream, SpdyReset::stream_already_closed);
    return received(bytes.size());
  }
  if (stream->taken > data_frame_max) {
    stream->unread.erase(0, stream->taken);
    stream->taken = 0;
  }
  stream->unread.append(text_of(bytes));
  unread_ += bytes.size();
}

void SpdySession::end_of_data() {
  in_data_ = false;
  Stream* stream = find(data_stream_);
  if (stream != nullptr && data_fin_) peer_ended(*stream);
}

Result<> SpdySession::control(std::uint16_t type, std::uint8_t flags, Payload payload) {
  static constexpr std::size_t least[] = {0, 10, 4, 8, 4, 0, 4, 8, 4, 8};
  if (type < std::size(least) && payload.size() < least[type])
    return corrupt("SPDY: a frame of type {} with {} bytes", type, payload.size());
  switch (type) {
    case type_syn_stream: return syn_stream(flags, payload);
    case type_syn_reply:
    case type_headers: return headers(flags, payload);
    case type_rst_stream: return rst_stream(payload);
    case type_settings: return settings(payload);
    case type_ping:
      if ((be(payload, 0, 4) & 1) != 0) put_control(type_ping, {be(payload, 0, 4)});
      return {};
    case type_goaway: peer_leaves_ = true; return {};
    case type_window_update: return window_update(payload);
    default: return {};
  }
}

Result<> SpdySession::syn_stream(std::uint8_t flags, Payload payload) {
  // Read in any case: the next block builds upon it.
  Headers headers = TRY(inflater_.read(payload.subspan(10)));
  const std::uint32_t id = id_at(payload, 0);
  if (id % 2 == 0 || id <= last_stream_) {
    put_reset(id, SpdyReset::protocol_error);
    return {};
  }
  last_stream_ = id;
  if (streams_.size() >= limits_.streams || peer_leaves_ || said_goodbye_) {
    put_reset(id, SpdyReset::refused_stream);
    return {};
  }
  auto stream = std::make_shared<Stream>();
  stream->id = id;
  stream->headers = std::move(headers);
  stream->window = first_window_;
  stream->ended = (flags & flag_fin) != 0;
  stream->finished = (flags & flag_unidirectional) != 0;
  streams_.emplace(id, stream);
  opened_.push_back(std::move(stream));
  return {};
}

// Later headers of a stream mean nothing here, nor do replies: this side opens none.
Result<> SpdySession::headers(std::uint8_t flags, Payload payload) {
  TRY(inflater_.read(payload.subspan(4)));
  Stream* stream = find(id_at(payload, 0));
  if (stream == nullptr) return {};
  if ((flags & flag_fin) != 0) peer_ended(*stream);
  return {};
}

Result<> SpdySession::rst_stream(Payload payload) {
  const auto found = streams_.find(id_at(payload, 0));
  if (found == streams_.end()) return {};
  const StreamPtr stream = found->second;
  stream->reset = be(payload, 4, 4);
  drop_unread(*stream);
  // One that nobody took yet leaves no trace.
  if (std::erase(opened_, stream) > 0) streams_.erase(found);
  return {};
}

Result<> SpdySession::settings(Payload payload) {
  const std::size_t count = be(payload, 0, 4);
  if (payload.size() - 4 != count * 8) return corrupt("SPDY: SETTINGS of another size than they say");
  for (std::size_t at = 4; at < payload.size(); at += 8) {
    if (be(payload, at + 1, 3) != initial_window_size) continue;
    const std::int64_t value = be(payload, at + 4, 4);
    if (value > window_max) return corrupt("SPDY: a window of {} bytes", value);
    for (auto& [id, stream] : streams_) stream->window += value - first_window_;
    first_window_ = value;
    heeds_windows_ = true;
  }
  return {};
}

Result<> SpdySession::window_update(Payload payload) {
  const std::uint32_t id = id_at(payload, 0);
  const std::int64_t more = id_at(payload, 4);
  heeds_windows_ = true;
  if (id == 0) {
    window_ += more;
    if (window_ > window_max) return corrupt("SPDY: a window of {} bytes", window_);
    return {};
  }
  Stream* stream = find(id);
  if (stream == nullptr) return {};
  stream->window += more;
  if (stream->window > window_max) reset(*stream, SpdyReset::flow_control_error);
  return {};
}

// --- streams ----------------------------------------------------------------------------------------------

SpdySession::Stream* SpdySession::find(std::uint32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void SpdySession::peer_ended(Stream& stream) { stream.ended = true; }

void SpdySession::drop_unread(Stream& stream) {
  const std::size_t count = stream.unread_size();
  stream.unread.clear();
  stream.taken = 0;
  unread_ -= count;
  received(count);
}

SpdySession::StreamPtr SpdySession::take_opened() {
  if (opened_.empty()) return nullptr;
  StreamPtr stream = std::move(opened_.front());
  opened_.pop_front();
  return stream;
}

// Of the connection's window: nobody will look at these bytes again.
void SpdySession::received(std::size_t count) {
  untold_ += count;
  if (untold_ < tell_after) return;
  put_control(type_window_update, {0, static_cast<std::uint32_t>(std::exchange(untold_, 0))});
}

std::size_t SpdySession::read(Stream& stream, std::span<std::byte> into) {
  const std::size_t count = std::min(into.size(), stream.unread_size());
  stream.unread.copy(reinterpret_cast<char*>(into.data()), count, stream.taken);
  stream.taken += count;
  if (stream.unread_size() == 0) {
    stream.unread.clear();
    stream.taken = 0;
  }
  unread_ -= count;
  received(count);
  stream.untold += count;
  if (stream.untold >= tell_after && !stream.ended && !stream.reset)
    put_control(type_window_update, {stream.id, static_cast<std::uint32_t>(std::exchange(stream.untold, 0))});
  return count;
}

// --- sending ----------------------------------------------------------------------------------------------

void SpdySession::put_control(std::uint16_t type, std::initializer_list<std::uint32_t> numbers) {
  append_head(output_, control_word(type), 0, numbers.size() * 4);
  for (const std::uint32_t number : numbers) append_be(output_, number, 4);
}

void SpdySession::reply(Stream& stream, const Headers& headers) {
  if (std::exchange(stream.replied, true) || stream.reset || stream.finished) return;
  const std::string block = deflater_.write(headers);
  append_head(output_, control_word(type_syn_reply), 0, 4 + block.size());
  append_be(output_, stream.id, 4);
  output_ += block;
}

std::size_t SpdySession::may_send(const Stream& stream) const {
  if (!heeds_windows_) return data_frame_max;
  const std::int64_t window = std::min(stream.window, window_);
  return std::min(data_frame_max, static_cast<std::size_t>(std::max<std::int64_t>(window, 0)));
}

void SpdySession::send(Stream& stream, std::string_view bytes) {
  ENSURE(!stream.finished && bytes.size() <= may_send(stream));
  if (stream.reset) return;
  reply(stream, {});
  append_head(output_, stream.id, 0, bytes.size());
  output_ += bytes;
  stream.window -= static_cast<std::int64_t>(bytes.size());
  window_ -= static_cast<std::int64_t>(bytes.size());
}

void SpdySession::finish(Stream& stream) {
  if (stream.finished || stream.reset) return;
  reply(stream, {});
  stream.finished = true;
  append_head(output_, stream.id, flag_fin, 0);
}

void SpdySession::reset(Stream& stream, SpdyReset status) {
  if (stream.reset) return;
  stream.reset = static_cast<std::uint32_t>(status);
  put_reset(stream.id, status);
  drop_unread(stream);
}

void SpdySession::release(Stream& stream) {
  drop_unread(stream);
  if (!stream.ended || !stream.finished) reset(stream, SpdyReset::cancel);
  streams_.erase(stream.id);
}

void SpdySession::say_goodbye() {
  if (std::exchange(said_goodbye_, true)) return;
  put_control(type_goaway, {last_stream_, 0});
}

}  // namespace podo::http
