// A client of HTTP/2 for tests: nghttp2's, over any stream. What it sends, when it reads and what windows it
// opens are the test's to say.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>

#include "base/http/message.h"
#include "base/io/condition.h"
#include "base/io/group.h"

namespace podo::http {

class H2TestClient {
 public:
  struct Answer {
    int status = 0;
    Headers headers;
    std::string body;
    bool ended = false, closed = false;  // by END_STREAM; in whatever way
    std::uint32_t error = 0;
  };

  // `grants_windows`: what was received may be sent again; otherwise the test calls grant().
  H2TestClient(io::Loop& loop, std::unique_ptr<io::Stream> stream, bool grants_windows = true)
      : stream_(std::move(stream)), grants_(grants_windows), reading_(loop) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* options = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_session_client_new2(&session, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, 1 << 24);
    reading_.spawn(read(), "test client");
  }
  H2TestClient(const H2TestClient&) = delete;
  ~H2TestClient() { nghttp2_session_del(session); }

  std::int32_t ask(std::string_view method, std::string_view path, std::string body = {},
                   std::vector<Headers::Field> more = {}) {
    std::vector<Headers::Field> fields = {{":method", std::string(method)},
                                          {":scheme", "https"},
                                          {":authority", "server"},
                                          {":path", std::string(path)}};
    for (Headers::Field& field : more) fields.push_back(std::move(field));
    std::vector<nghttp2_nv> values;
    for (Headers::Field& f : fields)
      values.push_back(
          {octets(f.name), octets(f.value), f.name.size(), f.value.size(), NGHTTP2_NV_FLAG_NONE});
    nghttp2_data_provider provider{};
    provider.read_callback = read_body;
    const std::int32_t id = nghttp2_submit_request(session, nullptr, values.data(), values.size(),
                                                   body.empty() ? nullptr : &provider, nullptr);
    bodies_[id] = std::move(body);
    return id;
  }
  // Everything that nghttp2 wants to send now, as far as the server's windows go.
  Task<void> flush() {
    std::string out;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size; (size = nghttp2_session_mem_send(session, &bytes)) > 0;)
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    while (writing_) co_await changed.wait();
    writing_ = true;
    co_await io::write_text(*stream_, std::move(out));
    writing_ = false;
    changed.notify_all();
  }
  Task<void> send_raw(std::string bytes) { co_await io::write_text(*stream_, std::move(bytes)); }
  Task<Answer> answer(std::int32_t id) {
    co_await flush();
    while (!answers[id].closed && !gone) co_await changed.wait();
    co_return answers[id];
  }
  Task<Answer> get(std::string path) { co_return co_await answer(ask("GET", path)); }
  Task<void> wait_until_gone() {
    while (!gone) co_await changed.wait();
  }
  Task<void> grant(std::int32_t id, std::size_t count) {
    nghttp2_session_consume(session, id, count);
    co_await flush();
  }
  Task<void> reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    co_await flush();
  }

  nghttp2_session* session = nullptr;
  std::map<std::int32_t, Answer> answers;
  std::optional<std::uint32_t> sent_away;  // the code of a GOAWAY
  bool gone = false;                       // the server has closed
  std::uint64_t received = 0;
  io::Condition changed = io::Condition("an answer");

 private:
  static std::uint8_t* octets(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }
  static H2TestClient& of(void* self) { return *static_cast<H2TestClient*>(self); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* self) {
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    Answer& answer = of(self).answers[frame->hd.stream_id];
    if (key == ":status") answer.status = std::atoi(text.c_str());
    else answer.headers.add(key, text);
    return 0;
  }
  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* self) {
    of(self).answers[id].body.append(reinterpret_cast<const char*>(bytes), size);
    if (of(self).grants_) nghttp2_session_consume(session, id, size);
    else nghttp2_session_consume_connection(session, size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type == NGHTTP2_GOAWAY) of(self).sent_away = frame->goaway.error_code;
    if (frame->hd.type <= NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      of(self).answers[frame->hd.stream_id].ended = true;
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* self) {
    of(self).answers[id].closed = true;
    of(self).answers[id].error = error;
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* into, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source*, void* self) {
    std::string& body = of(self).bodies_[id];
    const std::size_t count = std::min(size, body.size());
    std::copy_n(body.begin(), count, into);
    body.erase(0, count);
    if (body.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }
  Task<void> read() {
    std::string bytes(16 << 10, '\0');
    for (;;) {
      Result<std::size_t> count = co_await stream_->read(io::writable_bytes_of(bytes)).result();
      if (!count || *count == 0) break;
      received += *count;
      nghttp2_session_mem_recv(session, octets(bytes), *count);
      (void)co_await flush().result();
      changed.notify_all();
    }
    gone = true;
    changed.notify_all();
  }

  std::unique_ptr<io::Stream> stream_;
  std::map<std::int32_t, std::string> bodies_;
  bool grants_, writing_ = false;
  io::TaskGroup reading_;  // dies first
};

}  // namespace podo::http
