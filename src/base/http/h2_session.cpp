#include "base/http/h2_session.h"

#include <algorithm>

namespace podo::http {
namespace {

// Frames that say nothing: a peer may send so many at once, and so many a second.
constexpr double patience_max = 1000, patience_per_second = 100;
constexpr std::int32_t tiny_window_update = 256;
constexpr std::size_t field_overhead = 32;  // RFC 9113, 6.5.2
constexpr std::size_t kept_max = 16 << 10;  // of an empty body's memory

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// RFC 9113, 8.2.2: what spoke of the connection has no place here.
bool is_of_http_1(std::string_view name) {
  for (std::string_view of : {"connection", "transfer-encoding", "keep-alive", "upgrade", "proxy-connection"})
    if (same_name(name, of)) return true;
  return false;
}

void append_name(std::string& out, std::string_view name) {
  for (char c : name) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// As append_fields() does: what would end a line in HTTP/1.1 becomes a blank.
void append_value(std::string& out, std::string_view value) {
  for (char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
}

// Fields as nghttp2 takes them: views of one text, which must not grow any more.
std::vector<nghttp2_nv> fields_of(std::string& text, int status, const Headers& headers) {
  std::size_t size = 3;
  for (const auto& [name, value] : headers) size += name.size() + value.size();
  text.reserve(size);
  std::vector<nghttp2_nv> fields;
  fields.reserve(headers.size() + 1);
  auto add = [&](std::string_view name, std::size_t value_begin) {
    auto* at = reinterpret_cast<std::uint8_t*>(text.data()) + value_begin;
    auto* key = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
    fields.push_back({key, at, name.size(), text.size() - value_begin, NGHTTP2_NV_FLAG_NONE});
  };
  text += podo::text("{}", status);
  add(":status", 0);
  for (const auto& [name, value] : headers) {
    if (is_of_http_1(name)) continue;
    const std::size_t begin = text.size();
    append_name(text, name);
    append_value(text, value);
    add(std::string_view(text).substr(begin, name.size()), begin + name.size());
  }
  return fields;
}

}  // namespace

std::size_t H2Stream::take(std::span<std::byte> into) {
  const std::size_t count = std::min(into.size(), unread());
  std::copy_n(io::bytes_of(body).subspan(body_begin).begin(), count, into.begin());
  body_begin += count;
  if (body_begin == body.size()) {
    body_begin = 0;
    if (body.capacity() > kept_max) body = {};
    else body.clear();
  }
  return count;
}

// --- what nghttp2 calls -----------------------------------------------------------------------------------

struct H2Session::Callbacks {
  static H2Session& of(void* self) { return *static_cast<H2Session*>(self); }

  static int frame_begun(nghttp2_session*, const nghttp2_frame_hd* head, void* self) {
    of(self).in_head_ = head->type == NGHTTP2_HEADERS || head->type == NGHTTP2_CONTINUATION;
    const bool empty = head->length == 0 && (head->flags & NGHTTP2_FLAG_END_STREAM) == 0;
    if (head->type == NGHTTP2_PRIORITY || (head->type == NGHTTP2_DATA && empty)) of(self).spend();
    return 0;
  }
  static int frame_refused(nghttp2_session*, const nghttp2_frame*, int, void* self) {
    of(self).in_head_ = false;
    return 0;
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) of(self).open(frame->hd.stream_id);
    return 0;
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                    void* self) {
    H2Stream* stream = of(self).find(frame->hd.stream_id);
    if (stream != nullptr && frame->headers.cat == NGHTTP2_HCAT_REQUEST)  // trailers say nothing to handlers
      of(self).add_field(*stream, text_of(name, name_size), text_of(value, value_size));
    return 0;
  }
  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    of(self).received(*frame);
    return 0;
  }
  static int data_received(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                           std::size_t size, void* self) {
    of(self).add_body(id, text_of(bytes, size));
    return 0;
  }
  static int frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
    H2Stream* stream = of(self).find(frame->hd.stream_id);
    if (stream != nullptr && frame->hd.type == NGHTTP2_HEADERS)  // its fields are too many
      of(self).reset(*stream, NGHTTP2_INTERNAL_ERROR);
    return 0;
  }
  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    of(self).sent(*frame);
    return 0;
  }
  static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t, void* self) {
    if (H2Stream* stream = of(self).find(id)) {
      stream->forgotten = true;
      of(self).closed(*stream);
    }
    return 0;
  }
  static ssize_t read_answer(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                             std::uint32_t* flags, nghttp2_data_source* source, void* self) {
    return of(self).fill(*static_cast<H2Stream*>(source->ptr), {into, size}, *flags);
  }
};

H2Session::H2Session(const ServerLimits& limits, Clock& clock, Observer& observer)
    : limits_(limits),
      clock_(clock),
      observer_(observer),
      patience_(patience_max),
      patience_at_(clock.now()) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
  ENSURE(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&options) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, Callbacks::frame_begun);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Callbacks::frame_refused);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, Callbacks::frame_not_sent);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame_received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data_received);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::stream_closed);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_no_closed_streams(options, 1);
  ENSURE(nghttp2_session_server_new2(&session_, callbacks, this, options) == 0);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);

  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits.stream_window)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},  // every stream in its turn
  };
  ENSURE(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0);
  ENSURE(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, limits.connection_window) ==
         0);
}

H2Session::~H2Session() { nghttp2_session_del(session_); }

// --- requests ---------------------------------------------------------------------------------------------

Result<void> H2Session::feed(std::span<const std::byte> bytes) {
  const ssize_t fed =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (fed < 0) return corrupt("HTTP/2: {}", nghttp2_strerror(static_cast<int>(fed)));
  return {};
}

void H2Session::open(std::int32_t id) {
  auto stream = std::make_unique<H2Stream>(id);
  if (nghttp2_session_set_stream_user_data(session_, id, stream.get()) != 0) return;
  streams_[id] = std::move(stream);
  nghttp2_extpri priority{.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
  nghttp2_session_change_extpri_stream_priority(session_, id, &priority, 1);
}

void H2Session::add_field(H2Stream& stream, std::string_view name, std::string_view value) {
  stream.head_bytes += name.size() + value.size() + field_overhead;
  if (stream.head_bytes > limits_.head || stream.head.headers.size() >= limits_.fields) {
    stream.head_bytes = limits_.head + 1;
    return;
  }
  if (name == ":method") stream.head.method = value;
  else if (name == ":path") stream.head.target = value;
  else if (name == ":authority") stream.head.headers.add("host", std::string(value));
  else if (!name.starts_with(':') && !(name == "host" && stream.head.headers.find("host")))
    stream.head.headers.add(std::string(name), std::string(value));
}

void H2Session::received(const nghttp2_frame& frame) {
  in_head_ = false;
  H2Stream* stream = frame.hd.stream_id != 0 ? find(frame.hd.stream_id) : nullptr;
  const bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool answer = (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      if (stream != nullptr && frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
        stream->body_complete = last;
        stream->head.has_body = !last;
        return begin_request(*stream);
      }
      [[fallthrough]];
    case NGHTTP2_DATA:
      if (stream != nullptr && last) {
        stream->body_complete = true;
        stream->changed.notify_all();
      }
      return;
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PING:
      if (!answer) spend();
      return;
    case NGHTTP2_WINDOW_UPDATE:
      if (frame.window_update.window_size_increment < tiny_window_update) spend();
      return;
    default: return;  // nghttp2 counts RST_STREAM and CONTINUATION
  }
}

void H2Session::begin_request(H2Stream& stream) {
  if (stream.head_bytes > limits_.head) return respond(stream, 431, {}, true);
  // Streams that their peer has reset are here until their handlers have seen it.
  if (streams_.size() > std::size_t{2} * limits_.streams) return reset(stream, NGHTTP2_REFUSED_STREAM);
  stream.released = false;
  observer_.requested(stream);
}

void H2Session::add_body(std::int32_t id, std::string_view bytes) {
  H2Stream* stream = find(id);
  if (stream == nullptr || stream->released) {
    nghttp2_session_consume_connection(session_, bytes.size());  // nobody will read it
    return;
  }
  if (stream->body_begin > stream->unread()) {
    stream->body.erase(0, stream->body_begin);
    stream->body_begin = 0;
  }
  stream->body += bytes;
  stream->changed.notify_all();
}

std::size_t H2Session::read_body(H2Stream& stream, std::span<std::byte> into) {
  const std::size_t count = stream.take(into);
  if (count > 0) nghttp2_session_consume(session_, stream.id, count);
  return count;
}

// A frame that says nothing.
void H2Session::spend() {
  const Monotonic now = clock_.now();
  const double refilled = static_cast<double>((now - patience_at_).ns) / 1e9 * patience_per_second;
  patience_ = std::min(patience_max, patience_ + refilled) - 1;
  patience_at_ = now;
  if (patience_ < 0) go_away(NGHTTP2_ENHANCE_YOUR_CALM);
}

// --- answers ----------------------------------------------------------------------------------------------

void H2Session::respond(H2Stream& stream, int status, const Headers& headers, bool bare) {
  if (stream.closed) return;
  std::string text;
  const std::vector<nghttp2_nv> fields = fields_of(text, status, headers);
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_answer;
  const int failed =
      nghttp2_submit_response(session_, stream.id, fields.data(), fields.size(), bare ? nullptr : &provider);
  if (failed != 0) reset(stream, NGHTTP2_INTERNAL_ERROR);
}

void H2Session::inform(H2Stream& stream, int status) {
  if (stream.closed) return;
  std::string text;
  const std::vector<nghttp2_nv> fields = fields_of(text, status, {});
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, fields.data(), fields.size(),
                         nullptr);
}

void H2Session::supply(H2Stream& stream, std::string_view bytes, bool last) {
  stream.outgoing = bytes;
  stream.last = last;
  if (!stream.closed && std::exchange(stream.parked, false)) nghttp2_session_resume_data(session_, stream.id);
}

// nghttp2 has room for more of an answer.
ssize_t H2Session::fill(H2Stream& stream, std::span<std::uint8_t> into, std::uint32_t& flags) {
  if (stream.outgoing.empty() && !stream.last) {
    stream.parked = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  const std::size_t count = std::min(into.size(), stream.outgoing.size());
  std::copy_n(stream.outgoing.begin(), count, into.begin());
  stream.outgoing.remove_prefix(count);
  if (stream.outgoing.empty() && stream.last) flags |= NGHTTP2_DATA_FLAG_EOF;
  stream.changed.notify_all();
  return static_cast<ssize_t>(count);
}

void H2Session::sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_DATA) patience_ = std::min(patience_max, patience_ + 1);
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 || frame.hd.type > NGHTTP2_HEADERS) return;
  H2Stream* stream = find(frame.hd.stream_id);
  if (stream == nullptr) return;
  stream->answered = true;
  // RFC 9113, 8.1: an answer that needed no more of the request ends it.
  if (stream->released && !stream->body_complete) reset(*stream, NGHTTP2_NO_ERROR);
}

bool H2Session::has_output() const { return nghttp2_session_want_write(session_) != 0; }
bool H2Session::is_over() const { return nghttp2_session_want_read(session_) == 0; }
std::size_t H2Session::backlog() const { return nghttp2_session_get_outbound_queue_size(session_); }

Result<void> H2Session::produce(std::string& out, std::size_t enough) {
  while (out.size() < enough) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) return internal("HTTP/2: {}", nghttp2_strerror(static_cast<int>(size)));
    if (size == 0) break;
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  return {};
}

// --- ends -------------------------------------------------------------------------------------------------

void H2Session::reset(H2Stream& stream, std::uint32_t code) {
  if (!stream.closed) nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, code);
  closed(stream);
}

void H2Session::go_away(std::uint32_t code) { nghttp2_session_terminate_session(session_, code); }

void H2Session::closed(H2Stream& stream) {
  stream.closed = true;
  stream.changed.notify_all();
  forget_if_done(stream);
}

void H2Session::release(H2Stream& stream) {
  if (stream.unread() > 0) nghttp2_session_consume_connection(session_, stream.unread());
  stream.body = {};
  stream.body_begin = 0;
  stream.released = true;
  if (stream.answered && !stream.body_complete && !stream.closed) reset(stream, NGHTTP2_NO_ERROR);
  else forget_if_done(stream);
}

void H2Session::forget_if_done(H2Stream& stream) {
  if (stream.forgotten && stream.released) streams_.erase(stream.id);
}

void H2Session::lose() {
  for (const auto& [id, stream] : streams_) {
    stream->closed = true;
    stream->changed.notify_all();
  }
}

}  // namespace podo::http
