#include "base/http/parser.h"

#include <doctest/doctest.h>

namespace podo::http {
namespace {

struct Parsed {
  Head head;
  std::string body;
  std::size_t taken = 0;
};

// One message out of `bytes`, given in pieces of `piece` bytes.
Result<Parsed> parse(std::string_view bytes, std::size_t piece, Parser::Kind kind = Parser::Kind::request,
                     Parser::Limits limits = {}) {
  Parser parser(kind, limits);
  Parsed parsed;
  auto next = [&] {
    std::string_view rest = bytes.substr(parsed.taken);
    return io::bytes_of(rest.substr(0, piece));
  };
  while (!parser.head_complete()) {
    if (next().empty()) TRY(parser.end_of_input());
    parsed.taken += TRY(parser.feed_head(next()));
  }
  parsed.head = parser.head();
  std::string decoded(bytes.size() + 1, '\0');
  while (!parser.message_complete()) {
    if (next().empty()) {
      TRY(parser.end_of_input());
      break;
    }
    Parser::Fed fed = TRY(parser.feed_body(next(), io::writable_bytes_of(decoded)));
    parsed.taken += fed.taken;
    parsed.body.append(decoded, 0, fed.decoded);
  }
  return parsed;
}

ErrorKind kind_of(std::string_view bytes, Parser::Limits limits = {}) {
  Result<Parsed> whole = parse(bytes, bytes.size(), Parser::Kind::request, limits);
  Result<Parsed> bitwise = parse(bytes, 1, Parser::Kind::request, limits);
  REQUIRE_MESSAGE(!whole, bytes);
  REQUIRE_MESSAGE(!bitwise, bytes);
  CHECK_EQ(whole.error().kind(), bitwise.error().kind());
  return whole.error().kind();
}

const std::string post = "POST /x?a=b HTTP/1.1\r\nHost: h\r\n";

}  // namespace

TEST_CASE("a message is the same in whatever pieces it comes, and ends where it ends") {
  struct {
    std::string bytes, body;
  } cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", ""},
      {post + "Content-Length: 5\r\n\r\nhello", "hello"},
      {post + "Content-Length: 0\r\n\r\n", ""},
      {post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n", "hello!"},
      {post + "Transfer-Encoding: chunked\r\n\r\n0\r\nTrailer: 1\r\n\r\n", ""},
      {post + "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}", "{}"},
      {post + "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n", ""},
  };
  for (const auto& [bytes, body] : cases) {
    for (std::size_t piece = 1; piece <= bytes.size() + 9; ++piece) {
      Result<Parsed> parsed = parse(bytes + "GET /next", piece);
      REQUIRE_MESSAGE(parsed.has_value(), bytes);
      CHECK_EQ(parsed->body, body);
      CHECK_EQ(parsed->taken, bytes.size());
      CHECK_EQ(parsed->head.headers.get("host"), "h");
      CHECK(parsed->head.keep_alive);
    }
  }
}

TEST_CASE("what two readers could understand differently is refused") {
  CHECK_EQ(kind_of(post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
           ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Content-Length: 5, 5\r\n\r\nhello"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Content-Length: +5\r\n\r\nhello"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Content-Length: -1\r\n\r\nhello"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Content-Length: 99999999999999999999\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), ErrorKind::unsupported);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), ErrorKind::unsupported);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           ErrorKind::unsupported);
  CHECK_EQ(kind_of(post + "X: 1\r\n folded\r\nContent-Length: 0\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "X: a\rContent-Length: 5\r\n\r\nhello"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "X\rY: a\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of("POST / HTTP/1.1\nHost: h\n\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "X: a\nY: b\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of("GET / HTTP/1.1\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of("NONSENSE\r\n\r\n"), ErrorKind::invalid);
  CHECK_EQ(kind_of(std::string_view("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 28)), ErrorKind::invalid);
}

TEST_CASE("limits hold for the head, for the number of fields and for what surrounds chunks") {
  CHECK_EQ(kind_of("GET /" + std::string(200, 'x') + " HTTP/1.1\r\n", {.head = 100, .fields = 9}),
           ErrorKind::exhausted);
  CHECK_EQ(kind_of(post + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", {.head = 1000, .fields = 3}), ErrorKind::exhausted);
  std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK_EQ(kind_of(chunked + "1;" + std::string(200, 'e') + "\r\n", {.head = 100, .fields = 9}),
           ErrorKind::exhausted);
  CHECK_EQ(kind_of(chunked + "0\r\nT: " + std::string(200, 't') + "\r\n", {.head = 100, .fields = 9}),
           ErrorKind::exhausted);
  Result<Parsed> just_fits =
      parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 100, Parser::Kind::request, {.head = 27, .fields = 1});
  CHECK(just_fits.has_value());
}

TEST_CASE("bytes that end too early are corrupt, unless their end is the message's") {
  CHECK_EQ(kind_of("GET / HT"), ErrorKind::corrupt);
  CHECK_EQ(kind_of(post + "Content-Length: 5\r\n\r\nhell"), ErrorKind::corrupt);
  CHECK_EQ(kind_of(post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), ErrorKind::corrupt);
  Result<Parsed> old = parse("HTTP/1.0 200 OK\r\n\r\nall of it", 3, Parser::Kind::response);
  REQUIRE(old.has_value());
  CHECK_EQ(old->body, "all of it");
  CHECK_FALSE(old->head.keep_alive);
}

TEST_CASE("an answer that ends with its connection may be empty") {
  constexpr auto response = Parser::Kind::response;
  for (const std::string_view head :
       {"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"}) {
    const auto parsed = parse(head, 1000, response);
    REQUIRE(parsed);
    CHECK(parsed->body.empty());
  }
  CHECK_FALSE(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 1000, response));
}

TEST_CASE("answers that have no body have none, whatever their length says") {
  for (std::string_view status : {"204 No Content", "304 Not Modified"}) {
    Result<Parsed> parsed = parse(text("HTTP/1.1 {}\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200", status), 7,
                                  Parser::Kind::response);
    REQUIRE(parsed.has_value());
    CHECK_EQ(parsed->body, "");
    CHECK(parsed->head.keep_alive);
  }
  Parser head(Parser::Kind::response, {});
  head.expect_no_body();
  std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  CHECK_EQ(head.feed_head(io::bytes_of(bytes)).value(), bytes.size());
  CHECK(head.message_complete());
}

}  // namespace podo::http
