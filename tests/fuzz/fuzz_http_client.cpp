// Any bytes as a server's answer: the same is read whether they come at once or byte by byte, and an answer
// that is whole ends where it says.
#include <cstddef>
#include <cstdint>

#include "base/core/ensure.h"
#include "base/http/parser.h"

namespace podo::http {
namespace {

struct Outcome {
  std::string read;
  std::size_t taken = 0;
  bool whole = false;
  bool operator==(const Outcome&) const = default;
};

Result<void> read(std::string_view bytes, std::size_t piece, bool to_head_request, Outcome& outcome) {
  Parser parser(Parser::Kind::response, {.head = 2048, .fields = 20});
  if (to_head_request) parser.expect_no_body();
  auto next = [&] { return io::bytes_of(bytes.substr(outcome.taken).substr(0, piece)); };
  while (!parser.head_complete()) {
    if (next().empty()) TRY(parser.end_of_input());
    outcome.taken += TRY(parser.feed_head(next()));
  }
  outcome.read = text("{}", parser.head().status);
  append_fields(outcome.read, parser.head().headers);
  std::string decoded(bytes.size() + 1, '\0');
  while (!parser.message_complete() && !next().empty()) {
    Parser::Fed fed = TRY(parser.feed_body(next(), io::writable_bytes_of(decoded)));
    ENSURE(fed.taken > 0 && fed.decoded <= fed.taken);
    outcome.taken += fed.taken;
    outcome.read.append(decoded, 0, fed.decoded);
  }
  TRY(parser.end_of_input());
  outcome.whole = true;
  return {};
}

Outcome outcome_of(std::string_view bytes, std::size_t piece, bool to_head_request) {
  Outcome outcome;
  Result<void> done = read(bytes, piece, to_head_request, outcome);
  ENSURE(done.has_value() == outcome.whole);
  if (!outcome.whole) outcome = {};  // how far it was read depends on the pieces
  return outcome;
}

}  // namespace
}  // namespace podo::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::http;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (bool to_head_request : {false, true}) {
    Outcome whole = outcome_of(bytes, size + 1, to_head_request);
    ENSURE(outcome_of(bytes, 1, to_head_request) == whole);
    ENSURE(outcome_of(bytes, 7, to_head_request) == whole);
  }
  return 0;
}
