#include "container/registry_client/state.h"

#include "base/io/combine.h"

namespace podo::image {
namespace {

constexpr Duration told_every = milliseconds(100);

// Any answer shows that the other side speaks the scheme; that a plain server was asked by TLS, or a TLS
// server plainly (which is a 400), shows that it does not.
Task<bool> speaks(RegistryShared& shared, std::string base) {
  http::Request request{.url = base + "/v2/"};
  Result<http::Response> answer =
      co_await io::deadline(shared.ground.unverified_client.send(std::move(request)), seconds(10)).result();
  if (!answer && answer.error().kind() == ErrorKind::cancelled) co_await Failure(std::move(answer).error());
  co_return answer && answer->status != 400;
}

}  // namespace

Task<Endpoint> settle(RegistryShared& shared, Endpoint endpoint) {
  if (endpoint.settled) co_return endpoint;
  const std::string key = endpoint.base;
  endpoint.settled = true;
  if (const auto found = shared.bases.find(key); found != shared.bases.end()) {
    endpoint.base = found->second;
    co_return endpoint;
  }
  if (co_await speaks(shared, key)) co_return endpoint;
  // Who answers neither is asked by http: the error of that request is the one to see.
  endpoint.base.replace(0, std::string_view("https").size(), "http");
  if (co_await speaks(shared, endpoint.base)) shared.bases.insert_or_assign(key, endpoint.base);
  co_return endpoint;
}

Task<Endpoint> own_endpoint(RegistryShared& shared, std::string domain) {
  co_return co_await settle(shared, endpoints_of(shared.rules, domain).back());
}

void LayerProgress::say(std::string status, std::uint64_t current, std::uint64_t total) {
  const Monotonic now = clock_.now();
  if (said_ && now - *said_ < told_every && current < total) return;
  said_ = now;
  sink_({.id = id_, .status = std::move(status), .current = current, .total = total});
}

Task<void> watch_for_stall(Clock& clock, const Monotonic& moved, Duration limit) {
  for (;;) {
    const Duration left = moved + limit - clock.now();
    if (left.ns <= 0) co_await unavailable("nothing came for {} s", limit.ns / 1'000'000'000);
    co_await io::sleep(left);
  }
}

}  // namespace podo::image
