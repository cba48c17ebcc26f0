// Any bytes to the server: it answers or refuses, the same whether they come at once or byte by byte, and
// never more requests than a strict reader of the whole sees.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/core/ensure.h"
#include "base/http/server.h"
#include "base/io/simulated_loop.h"

namespace podo::http {
namespace {

// Gives its bytes in pieces, and keeps what is written.
class ScriptedStream final : public io::Stream {
 public:
  ScriptedStream(std::string_view bytes, std::size_t piece, std::string& written)
      : bytes_(bytes), piece_(piece), written_(written) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    co_await io::checkpoint();
    std::string_view next = bytes_.substr(0, std::min(piece_, into.size()));
    std::copy_n(io::bytes_of(next).begin(), next.size(), into.begin());
    bytes_.remove_prefix(next.size());
    co_return next.size();
  }
  Task<void> write(std::span<const std::byte> bytes) override {
    written_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    co_return;
  }
  Result<void> finish() override { return {}; }

 private:
  std::string_view bytes_;
  std::size_t piece_;
  std::string& written_;
};

class Recorder final : public Handler {
 public:
  Task<void> handle(Exchange& exchange) override {
    seen += text("{} {} {}", exchange.method(), exchange.path(), exchange.query().to_text());
    for (const auto& [name, value] : exchange.headers()) {
      ENSURE(!name.contains(' ') && !value.contains('\n') && !value.contains('\0'));
      seen += text("\n{}: {}", name, value);
    }
    Result<std::string> body = co_await read_all(exchange.body(), 1 << 16).result();
    seen += body ? text("\n\n{}\n", *body) : text("\n{}\n", body.error().message());
    if (!body) co_await Failure(std::move(body).error());
    co_await exchange.respond(200, {}, "ok");
  }
  std::string seen;
};

struct Outcome {
  std::string seen, answers;
  bool operator==(const Outcome&) const = default;
};

Outcome serve(std::string_view bytes, std::size_t piece) {
  io::SimulatedLoop loop(1);
  Recorder recorder;
  SilentLog log;
  Server server(loop, recorder, log, {.head = 2048, .fields = 20});
  Outcome outcome;
  auto stream = std::make_unique<ScriptedStream>(bytes, piece, outcome.answers);
  ENSURE(loop.run(server.serve_connection(std::move(stream), {})).has_value());
  outcome.seen = recorder.seen;
  return outcome;
}

}  // namespace
}  // namespace podo::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo::http;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Outcome whole = serve(bytes, size + 1);
  ENSURE(serve(bytes, 1) == whole);
  ENSURE(serve(bytes, 7) == whole);
  return 0;
}
