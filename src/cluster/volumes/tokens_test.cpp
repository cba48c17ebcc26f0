#include "cluster/volumes/tokens.h"

#include "base/io/simulated_loop.h"
#include "cluster/volumes/volumes_testing.h"

namespace podo::volumes {
namespace {

// Virtual time: days in a moment.
struct TokensWorld {
  io::SimulatedLoop loop{1};
  schema::Schema schema = kube::parse_schema();
  NodesApi api{loop.simulated_clock()};
  client::LocalTransport transport{loop, api, {}};
  client::Client client{transport, schema};
  Tokens tokens{client, loop.simulated_clock(), loop.random()};
};

TokenWish wish(std::int64_t valid_for_s) {
  return {.pod_uid = "u1",
          .name_space = "ns",
          .pod = "p",
          .account = "default",
          .audience = "vault",
          .valid_for_s = valid_for_s};
}

Task<void> renews(TokensWorld& w) {
  const Tokens::Token first = co_await w.tokens.get(wish(3600));
  CHECK(w.api.last_token_request ==
        R"({"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"audiences":["vault"],)"
        R"("expirationSeconds":3600,"boundObjectRef":{"kind":"Pod","apiVersion":"v1",)"
        R"("name":"p","uid":"u1"}}})");
  co_await io::sleep(seconds(2860));
  CHECK((co_await w.tokens.get(wish(3600))).text == first.text);
  co_await io::sleep(seconds(20));  // 80 % are 2880 seconds
  const Tokens::Token second = co_await w.tokens.get(wish(3600));
  CHECK(second.text != first.text);
  // Another audience or life is another token.
  co_await w.tokens.get(wish(7200));
  CHECK(w.api.tokens == 3);
  w.tokens.forget("u1");
  co_await w.tokens.get(wish(3600));
  CHECK(w.api.tokens == 4);
}

Task<void> renews_daily(TokensWorld& w) {
  constexpr std::int64_t week_s = 7 * 24 * 3600;
  const Tokens::Token first = co_await w.tokens.get(wish(week_s));
  co_await io::sleep(seconds(24 * 3600 - 11));
  CHECK((co_await w.tokens.get(wish(week_s))).text == first.text);
  co_await io::sleep(seconds(11));
  CHECK((co_await w.tokens.get(wish(week_s))).text != first.text);
}

Task<void> serves_the_old_one(TokensWorld& w) {
  const Tokens::Token first = co_await w.tokens.get(wish(3600));
  w.api.broken = true;
  co_await io::sleep(seconds(3000));
  CHECK((co_await w.tokens.get(wish(3600))).text == first.text);
  co_await io::sleep(seconds(700));
  const auto ended = co_await w.tokens.get(wish(3600)).result();
  REQUIRE_FALSE(ended.has_value());
  CHECK(ended.error().message() == "failed to fetch token: broken");
  w.api.broken = false;
  CHECK((co_await w.tokens.get(wish(3600))).text != first.text);
}

Task<void> adopts(TokensWorld& w) {
  const Tokens::Token first = co_await w.tokens.get(wish(3600));
  Tokens later(w.client, w.loop.simulated_clock(), w.loop.random());
  later.adopt(wish(3600), first.text);
  CHECK((co_await later.get(wish(3600))).text == first.text);
  CHECK(w.api.tokens == 1);
  co_await io::sleep(seconds(2881));
  CHECK((co_await later.get(wish(3600))).text != first.text);
  // Of another pod, for somebody else, at its end, or no token at all.
  TokenWish other = wish(3600);
  other.pod_uid = "u2";
  Tokens third(w.client, w.loop.simulated_clock(), w.loop.random());
  third.adopt(other, first.text);
  other = wish(3600);
  other.audience = "bank";
  third.adopt(other, first.text);
  for (const auto bad : {"", "a", "a.b", "a.!.c", "a.e30.c"}) third.adopt(wish(3600), bad);
  co_await io::sleep(seconds(3600));
  third.adopt(wish(3600), first.text);
  const int asked = w.api.tokens;
  for (const TokenWish& each : {other, wish(3600)}) co_await third.get(each);
  CHECK(w.api.tokens == asked + 2);
}

void run(Task<void> (*property)(TokensWorld&)) {
  TokensWorld world;
  const auto ran = world.loop.run(io::deadline(property(world), seconds(1'000'000)));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

TEST_CASE("a token is bound to the pod, and renewed when 80 % of its life have passed") { run(renews); }
TEST_CASE("a token of long life is renewed every day") { run(renews_daily); }
TEST_CASE("while there is no new token the old one serves, until it ends") { run(serves_the_old_one); }
TEST_CASE("a token that is found after a restart is kept if it is the one to ask for") { run(adopts); }

}  // namespace
}  // namespace podo::volumes
