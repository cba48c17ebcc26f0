#include "base/dns/answer_cache.h"

#include "base/dns/dns_testing.h"

namespace podo::dns {
namespace {

struct HandClock final : Clock {
  Monotonic now() const override { return time; }
  Wall wall() const override { return {}; }
  Monotonic time = {1'000'000'000'000};
};

struct CacheWorld {
  explicit CacheWorld(AnswerCacheLimits limits = {}) : cache(clock, random, limits) {}
  void keep(const Message& query, const std::string& answer, Lifetime lifetime = Lifetime::by_records) {
    cache.keep(*AnswerKey::of(query), *parse(answer), lifetime);
  }
  std::string recall_bytes(const Message& query, std::size_t room = tcp_bytes_max) {
    const std::string bytes = encode(query);
    const auto view = QueryView::of(bytes);
    REQUIRE(view.has_value());
    std::string answer(room, '\0');
    answer.resize(cache.recall(*view, answer));
    return answer;
  }
  std::string recall(const Message& query) {
    const std::string bytes = recall_bytes(query);
    return bytes.empty() ? "-" : words_of(*parse(bytes));
  }
  void pass(std::int64_t s) { clock.time = clock.time + seconds(s); }

  HandClock clock;
  SeededRandom random{1};
  AnswerCache cache;
};

}  // namespace

TEST_CASE("an answer is recalled with what is left of its time") {
  CacheWorld world;
  const Message query = query_for("web.example");
  CHECK(world.recall(query) == "-");
  world.keep(query, address_answer(query, "192.0.2.7", 60));
  CHECK(world.recall(query) == "web.example 60 192.0.2.7");
  world.pass(59);
  CHECK(world.recall(query) == "web.example 1 192.0.2.7");
  world.pass(1);
  CHECK(world.recall(query) == "-");
  CHECK(world.cache.size() == 0);
  CHECK(world.cache.bytes() == 0);
  CHECK((world.cache.counts().hits == 2 && world.cache.counts().misses == 2));
}

TEST_CASE("a recalled answer is the query's own: id, case, flags, OPT") {
  CacheWorld world;
  const Message query = query_for("web.example");
  world.keep(query, address_answer(query, "192.0.2.7"));
  Message other = query_for("wEb.EXAMPLE", Type::a, 1232);
  other.id = 77;
  other.recursion_desired = false;
  Message expected = *parse(address_answer(other, "192.0.2.7"));
  CHECK(*parse(world.recall_bytes(other)) == expected);
  other.dnssec_ok = true;  // what is said to such a client may hold signatures
  CHECK(world.recall_bytes(other).empty());
  other.dnssec_ok = false;
  other.questions[0].type = Type::aaaa;
  CHECK(world.recall_bytes(other).empty());
}

TEST_CASE("types whose numbers are letters are told apart") {
  CacheWorld world;
  const Message query = query_for("web.example", Type{'A'});
  Message reply = reply_to(query);
  reply.answers.push_back({.name = "web.example", .type = Type{'A'}, .ttl = 5, .data = "x"});
  world.keep(query, encode(reply));
  CHECK(world.recall(query) == "web.example 5 x");
  CHECK(world.recall(query_for("web.example", Type{'a'})) == "-");
}

TEST_CASE("negative answers live as long as their SOA says, failures a moment, others not at all") {
  CacheWorld world({.negative_s = 40});
  const Message query = query_for("none.example"), nothing = query_for("half.example"),
                long_one = query_for("long.example"), bare = query_for("bare.example"),
                broken = query_for("broken.example"), refused = query_for("refused.example");
  world.keep(query, negative_answer(query, Code::no_such_name, 20));
  world.keep(nothing, negative_answer(nothing, Code::no_error, 20));
  world.keep(long_one, negative_answer(long_one, Code::no_such_name, 500));
  world.keep(bare, encode(reply_to(bare, Code::no_such_name)));
  world.keep(broken, encode(reply_to(broken, Code::server_failure)));
  world.keep(refused, encode(reply_to(refused, Code::refused)));
  CHECK(world.recall(query) == "NXDOMAIN | 20");
  CHECK(world.recall(nothing) == "| 20");
  CHECK(world.recall(bare) == "-");
  CHECK(world.recall(broken) == "SERVFAIL");
  CHECK(world.recall(refused) == "-");
  world.pass(20);
  CHECK(world.recall(query) == "-");
  CHECK(world.recall(broken) == "-");
  CHECK(world.recall(long_one) == "NXDOMAIN | 20");
  world.pass(20);
  CHECK(world.recall(long_one) == "-");
}

TEST_CASE("times are capped, and 0 is not kept") {
  CacheWorld world({.positive_s = 100});
  const Message query = query_for("web.example"), none = query_for("now.example");
  world.keep(query, address_answer(query, "192.0.2.7", 86400));
  world.keep(none, address_answer(none, "192.0.2.7", 0));
  CHECK(world.recall(query) == "web.example 100 192.0.2.7");
  CHECK(world.recall(none) == "-");
}

TEST_CASE("answers of our own live until the world changes, and do not age") {
  CacheWorld world;
  const Message query = query_for("web.example"), both = query_for("both.example");
  world.keep(query, address_answer(query, "192.0.2.7", 30), Lifetime::until_change);
  world.keep(both, address_answer(both, "192.0.2.7", 30), Lifetime::both);
  world.pass(10);
  CHECK(world.recall(query) == "web.example 30 192.0.2.7");
  CHECK(world.recall(both) == "both.example 20 192.0.2.7");
  world.pass(3000);
  CHECK(world.recall(query) == "web.example 30 192.0.2.7");
  CHECK(world.recall(both) == "-");
  world.cache.world_changed();
  CHECK(world.recall(query) == "-");
}

TEST_CASE("addresses take turns at being the first, behind an alias too") {
  CacheWorld world;
  const Message query = query_for("web.example");
  Message reply = reply_to(query);
  reply.answers.push_back(alias_record("web.example", "there.example", 9));
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    reply.answers.push_back(address_record("there.example", *IpAddress::parse(address), 9));
  world.keep(query, encode(reply));
  std::string firsts;
  for (int i = 0; i < 4; ++i)
    firsts += IpAddress::from_bytes(parse(world.recall_bytes(query))->answers[1].data).to_text() + " ";
  CHECK(firsts == "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.1 ");
}

TEST_CASE("what does not fit is not recalled, truncated answers are not kept") {
  CacheWorld world;
  const Message query = query_for("web.example", Type::a, 1232);
  world.keep(query, address_answer(query, "192.0.2.7"));
  const std::size_t size = world.recall_bytes(query).size();
  CHECK(size == 12 + 17 + 16 + 11);
  CHECK(world.recall_bytes(query, size - 1).empty());
  CHECK(world.recall_bytes(query, size).size() == size);
  Message cut = *parse(address_answer(query, "192.0.2.7"));
  cut.truncated = true;
  world.keep(query, encode(cut));
  CHECK(world.recall(query) == "-");
}

TEST_CASE("the bytes are bounded: what was not asked for the longest goes") {
  CacheWorld world({.bytes_max = 20'000});
  const auto name = [](int i) { return query_for(text("n{}.example", i)); };
  for (int i = 0; i < 500; ++i) {
    world.keep(name(i), address_answer(name(i), "192.0.2.7"));
    CHECK(world.recall(name(0)) == "n0.example 60 192.0.2.7");  // asked for, so it stays
    CHECK(world.cache.bytes() <= 20'000);
  }
  CHECK(world.recall(name(1)) == "-");
  CHECK(world.recall(name(499)) != "-");
  CHECK(world.cache.counts().evictions == 500 - world.cache.size());
}

TEST_CASE("what has expired stands in, when that is wished") {
  CacheWorld world({.stale_s = 100});
  const Message query = query_for("web.example");
  const AnswerKey key = *AnswerKey::of(query);
  world.keep(query, address_answer(query, "192.0.2.7", 60));
  world.pass(100);
  CHECK(world.recall(query) == "-");
  CHECK(words_of(*world.cache.find(key, Stale::accepted)) == "web.example 30 192.0.2.7");
  world.pass(60);
  CHECK(!world.cache.find(key, Stale::accepted));
}

TEST_CASE("only plain queries are viewed") {
  const std::string plain = encode(query_for("a.example", Type::a, 1400));
  const auto view = QueryView::of(plain);
  REQUIRE(view.has_value());
  CHECK((view->edns && !view->dnssec_ok && view->reply_bytes_max == 1400 && view->question().size() == 15));
  for (std::size_t size = 0; size < plain.size(); ++size) CHECK(!QueryView::of(plain.substr(0, size)));
  Message odd = query_for("a.example");
  odd.response = true;
  CHECK(!QueryView::of(encode(odd)));
  odd = query_for("a.example");
  odd.questions.push_back(odd.questions[0]);
  CHECK(!QueryView::of(encode(odd)));
  odd = query_for("a.example", Type::a, 1232);
  odd.edns_version = 1;
  CHECK(!QueryView::of(encode(odd)));
}

}  // namespace podo::dns
