// The grammar of HTTP/1.x messages (RFC 9112) as bytes come: llhttp behind a face of ours. No I/O.
//
//   Parser parser(Parser::Kind::request, limits);
//   parser.begin(); feed_head(bytes) until head_complete(); feed_body(bytes, out) until message_complete();
//   parser.begin() ...                                      the next message of the connection
//
// Strict where laxness lets two readers of the same bytes see different messages: a Content-Length beside a
// Transfer-Encoding, two Content-Lengths, a coding other than chunked, blanks before a colon, folded lines
// and bare line feeds are errors. Kinds: invalid for what breaks the grammar, exhausted over a limit,
// unsupported for a coding. Private to base/http, and for its fuzz targets.
#pragma once

#include <llhttp.h>

#include "base/http/message.h"

namespace podo::http {

struct Head {
  std::string method, target;  // requests
  int status = 0;              // responses
  bool http_1_0 = false;
  bool keep_alive = false;  // the sender would go on with the connection
  bool has_body = false;    // bytes may follow; a length of 0 does not count
  Headers headers;
};

class Parser {
 public:
  enum class Kind : bool { request, response };
  struct Limits {
    std::size_t head = 64 << 10;  // bytes, also of the trailers and chunk extensions of one message
    std::size_t fields = 256;
  };
  Parser(Kind kind, Limits limits);
  Parser(const Parser&) = delete;

  void begin();                               // a new message
  void expect_no_body() { no_body_ = true; }  // this message answers a HEAD
  bool head_complete() const { return head_complete_; }
  bool message_complete() const { return message_complete_; }
  Head& head() { return head_; }
  const Head& head() const { return head_; }

  // Takes bytes up to the end of the head, and says how many.
  Result<std::size_t> feed_head(std::span<const std::byte> bytes);

  struct Fed {
    std::size_t taken, decoded;
  };
  // Takes bytes up to the end of the message; the body's own bytes land at the begin of `out`, which holds
  // at least as many as `bytes` and may be the same memory.
  Result<Fed> feed_body(std::span<const std::byte> bytes, std::span<std::byte> out);

  Result<void> end_of_input();  // completes a message that ends with its connection, fails in any other

 private:
  struct Callbacks;  // what llhttp calls
  Result<std::size_t> feed(std::span<const std::byte> bytes);
  Result<void> check_head() const;
  bool folds(std::span<const std::byte> bytes);
  Failure problem() const;
  int stop(ErrorKind kind, const char* why);

  Kind kind_;
  Limits limits_;
  llhttp_t parser_ = {};
  Head head_;
  std::string field_, value_;
  std::span<std::byte> out_;
  std::size_t decoded_ = 0, head_bytes_ = 0, extra_bytes_ = 0;
  const char* stopped_why_ = nullptr;
  ErrorKind stopped_kind_ = ErrorKind::invalid;
  bool no_body_ = false, head_complete_ = false, message_complete_ = false, at_line_start_ = false;
};

}  // namespace podo::http
