#include "base/http/parser.h"

#include <cstring>

#include "base/core/ensure.h"

namespace podo::http {

struct Parser::Callbacks {
  static Parser& self(llhttp_t* llhttp) { return *static_cast<Parser*>(llhttp->data); }

  static int method(llhttp_t* llhttp, const char* at, std::size_t size) {
    self(llhttp).head_.method.append(at, size);
    return 0;
  }
  static int target(llhttp_t* llhttp, const char* at, std::size_t size) {
    self(llhttp).head_.target.append(at, size);
    return 0;
  }
  static int field(llhttp_t* llhttp, const char* at, std::size_t size) {
    Parser& parser = self(llhttp);
    if (parser.head_complete_) return extra(llhttp, at, size);
    parser.field_.append(at, size);
    return 0;
  }
  static int value(llhttp_t* llhttp, const char* at, std::size_t size) {
    Parser& parser = self(llhttp);
    if (parser.head_complete_) return extra(llhttp, at, size);
    parser.value_.append(at, size);
    return 0;
  }
  static int value_complete(llhttp_t* llhttp) {
    Parser& parser = self(llhttp);
    if (parser.head_complete_) return 0;  // a trailer: nobody asks for them
    if (parser.head_.headers.size() == parser.limits_.fields)
      return parser.stop(ErrorKind::exhausted, "too many header fields");
    while (parser.value_.ends_with(' ') || parser.value_.ends_with('\t')) parser.value_.pop_back();
    parser.head_.headers.add(std::move(parser.field_), std::move(parser.value_));
    parser.field_.clear();
    parser.value_.clear();
    return 0;
  }
  static int extra(llhttp_t* llhttp, const char*, std::size_t size) {
    Parser& parser = self(llhttp);
    parser.extra_bytes_ += size;
    if (parser.extra_bytes_ <= parser.limits_.head) return 0;
    return parser.stop(ErrorKind::exhausted, "chunk extensions or trailers are too large");
  }
  static int head_complete(llhttp_t* llhttp) {
    Parser& parser = self(llhttp);
    Head& head = parser.head_;
    head.status = llhttp->status_code;
    head.http_1_0 = llhttp->http_major < 1 || (llhttp->http_major == 1 && llhttp->http_minor == 0);
    if (head.status == 204 || head.status == 304) parser.no_body_ = true;
    if (parser.no_body_) llhttp->flags |= F_SKIPBODY;
    // Who answers decides whether the protocol changes; until then it is a message like any other.
    llhttp->upgrade = 0;
    head.keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    bool framed = (llhttp->flags & (F_CHUNKED | F_TRANSFER_ENCODING)) || llhttp->content_length > 0;
    bool to_the_end = parser.kind_ == Kind::response && llhttp_message_needs_eof(llhttp) != 0;
    head.has_body = !parser.no_body_ && (framed || to_the_end);
    parser.head_complete_ = true;
    return HPE_PAUSED;
  }
  static int body(llhttp_t* llhttp, const char* at, std::size_t size) {
    Parser& parser = self(llhttp);
    ENSURE(parser.decoded_ + size <= parser.out_.size());
    char* to = reinterpret_cast<char*>(parser.out_.data()) + parser.decoded_;
    if (to != at) std::memmove(to, at, size);  // a body that is not chunked lies where it should
    parser.decoded_ += size;
    return 0;
  }
  static int message_complete(llhttp_t* llhttp) {
    self(llhttp).message_complete_ = true;
    return HPE_PAUSED;
  }
  static const llhttp_settings_t settings;
};

constinit const llhttp_settings_t Parser::Callbacks::settings = {
    .on_message_begin = nullptr,
    .on_url = target,
    .on_status = nullptr,
    .on_method = method,
    .on_version = nullptr,
    .on_header_field = field,
    .on_header_value = value,
    .on_chunk_extension_name = extra,
    .on_chunk_extension_value = extra,
    .on_headers_complete = head_complete,
    .on_body = body,
    .on_message_complete = message_complete,
    .on_url_complete = nullptr,
    .on_status_complete = nullptr,
    .on_method_complete = nullptr,
    .on_version_complete = nullptr,
    .on_header_field_complete = nullptr,
    .on_header_value_complete = value_complete,
    .on_chunk_extension_name_complete = nullptr,
    .on_chunk_extension_value_complete = nullptr,
    .on_chunk_header = nullptr,
    .on_chunk_complete = nullptr,
    .on_reset = nullptr,
};

Parser::Parser(Kind kind, Limits limits) : kind_(kind), limits_(limits) { begin(); }

void Parser::begin() {
  llhttp_init(&parser_, kind_ == Kind::request ? HTTP_REQUEST : HTTP_RESPONSE, &Callbacks::settings);
  parser_.data = this;
  head_ = {};
  field_.clear();
  value_.clear();
  head_bytes_ = extra_bytes_ = 0;
  no_body_ = head_complete_ = message_complete_ = at_line_start_ = false;
  stopped_why_ = nullptr;
}

int Parser::stop(ErrorKind kind, const char* why) {
  stopped_kind_ = kind;
  stopped_why_ = why;
  return HPE_USER;
}

Failure Parser::problem() const {
  if (stopped_why_ != nullptr) return fail(stopped_kind_, stopped_why_);
  const char* reason = llhttp_get_error_reason(&parser_);
  bool coding = llhttp_get_errno(&parser_) == HPE_INVALID_TRANSFER_ENCODING;
  return fail(coding ? ErrorKind::unsupported : ErrorKind::invalid,
              text("malformed HTTP: {}", reason != nullptr && *reason != '\0' ? reason : "unknown"));
}

// Up to where the parser stops by itself: at the end of the head, of the message, or of the bytes.
Result<std::size_t> Parser::feed(std::span<const std::byte> bytes) {
  const char* data = reinterpret_cast<const char*>(bytes.data());
  llhttp_errno_t outcome = llhttp_execute(&parser_, data, bytes.size());
  if (outcome == HPE_OK) return bytes.size();
  if (outcome != HPE_PAUSED) return problem();
  auto taken = static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - data);
  llhttp_resume(&parser_);
  return taken;
}

Result<std::size_t> Parser::feed_head(std::span<const std::byte> bytes) {
  std::size_t room = limits_.head - head_bytes_;
  bool fits = bytes.size() <= room;
  Result<std::size_t> fed = feed(fits ? bytes : bytes.first(room));
  // Where the bytes end must not decide which of two mistakes is told.
  auto before_mistake = [&] {
    const char* at = llhttp_get_error_pos(&parser_);
    const char* begin = reinterpret_cast<const char*>(bytes.data());
    return at >= begin && at <= begin + bytes.size() ? static_cast<std::size_t>(at - begin) : 0;
  };
  if (folds(bytes.first(fed ? *fed : before_mistake())))
    return invalid("malformed HTTP: a folded line in the head");
  std::size_t taken = TRY(std::move(fed));
  head_bytes_ += taken;
  if (!head_complete_) {
    if (!fits) return exhausted("the head of the message is larger than {} bytes", limits_.head);
    return taken;
  }
  TRY(check_head());
  if (!head_.has_body) message_complete_ = true;
  return taken;
}

// A line that goes on in the next one, which llhttp would join: others take it for a field of its own.
bool Parser::folds(std::span<const std::byte> bytes) {
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (;;) {
    if (at_line_start_ && !rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) return true;
    if (!rest.empty()) at_line_start_ = false;
    std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return false;
    at_line_start_ = true;
    rest.remove_prefix(end + 1);
  }
}

Result<void> Parser::check_head() const {
  if (parser_.http_major != 1) return unsupported("HTTP {}.{}", parser_.http_major, parser_.http_minor);
  int codings = 0, hosts = 0;
  for (const auto& [name, value] : head_.headers) {
    if (same_name(name, "transfer-encoding") && (++codings > 1 || !same_name(value, "chunked")))
      return unsupported("the transfer coding {}", value);
    if (same_name(name, "host")) ++hosts;
  }
  if (kind_ == Kind::response) return {};
  // A length in HTTP/1.0 words and a coding that 1.0 does not know: proxies in between disagree about it.
  if (codings > 0 && head_.http_1_0) return invalid("a chunked body in HTTP/1.0");
  if (hosts > 1) return invalid("several Host fields");
  if (hosts == 0 && !head_.http_1_0) return invalid("missing required Host header");
  return {};
}

Result<Parser::Fed> Parser::feed_body(std::span<const std::byte> bytes, std::span<std::byte> out) {
  ENSURE(head_complete_ && out.size() >= bytes.size());
  if (message_complete_) return Fed{0, 0};
  out_ = out;
  decoded_ = 0;
  std::size_t taken = TRY(feed(bytes));
  return Fed{taken, decoded_};
}

Result<void> Parser::end_of_input() {
  if (message_complete_) return {};
  if (!head_complete_) return corrupt("the connection was closed in the middle of a head");
  // One without a byte, too, of which the parser has not been told that it began.
  if (kind_ == Kind::response && llhttp_message_needs_eof(&parser_) != 0) message_complete_ = true;
  else llhttp_finish(&parser_);
  if (!message_complete_) return corrupt("the connection was closed in the middle of a body");
  return {};
}

}  // namespace podo::http
