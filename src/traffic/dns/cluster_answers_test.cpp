#include "traffic/dns/cluster_answers.h"

#include "base/io/combine.h"
#include "traffic/dns/cluster_testing.h"

namespace podo::cluster_dns {
namespace {

using dns::Type;
using dns::words_of;

// The world outside: web.example and big.corp.example have addresses, six.example only IPv6 ones,
// half.corp.example neither; broken.example fails; the rest does not exist.
std::string outside(const dns::Message& query) {
  const std::string name = dns::lower(query.questions[0].name);
  const Type type = query.questions[0].type;
  const bool v4 = name == "web.example" || name == "big.corp.example" || name == "big";
  const bool v6 = name == "web.example" || name == "six.example" || name == "six.example.corp.example";
  if (v4 && type == Type::a) return dns::address_answer(query, "192.0.2.7", 60);
  if (v6 && type == Type::aaaa) return dns::address_answer(query, "2001:db8::7", 60);
  if (name == "broken.example") return dns::encode(dns::reply_to(query, dns::Code::server_failure));
  const bool exists = v4 || v6 || name == "half.corp.example";
  return dns::negative_answer(query, exists ? dns::Code::no_error : dns::Code::no_such_name, 20);
}

struct AnswersWorld {
  AnswersWorld() {
    fill(names);
    answers.set_ready();
    answers.set_search({"corp.example"});
    forwarder.set_upstreams({upstream.place()});
  }
  dns::Message answer(const dns::Message& message) {
    const std::string bytes = dns::encode(message);
    const auto view = dns::QueryView::of(bytes);
    std::string into(dns::tcp_bytes_max, '\0');
    if (view)
      if (const std::size_t size = answers.recall(*view, into)) return *dns::parse(into.substr(0, size));
    const dns::Query query{message, bytes};
    if (auto known = answers.know(query)) return *known;
    const auto found = loop.run(answers.find_out(query));
    REQUIRE(found.has_value());
    return *dns::parse(*found);
  }
  std::string ask(std::string name, Type type = Type::a) {
    return words_of(answer(dns::query_for(std::move(name), type)));
  }
  std::string in_default(const std::string& name, Type type = Type::a) {
    std::string words = ask(name + ".default.svc.cluster.local", type);
    return words.starts_with(name + ".default.svc.cluster.local ") ? words.substr(name.size() + 27) : words;
  }
  std::vector<std::string> asked_outside() const {
    std::vector<std::string> all;
    for (const dns::Message& query : upstream.questions) all.push_back(query.questions[0].name);
    return all;
  }

  SystemRandom random;
  io::EpollLoop loop;
  ClusterNames names;
  ClusterZone zone{names, "cluster.local", {*IpAddress::parse("10.244.0.1")}};
  dns::FakeUpstream upstream{loop, [](const dns::Message& query) { return std::vector{outside(query)}; }};
  dns::AnswerCache cache{loop.clock(), random};
  dns::Forwarder forwarder{
      loop, random, cache, {.patience = {.timeout = milliseconds(200), .attempts = 1}, .own = {}}};
  ClusterAnswers answers{names, zone, cache, forwarder};
};

}  // namespace

TEST_CASE("the cluster's names are answered here, with authority; the rest elsewhere") {
  AnswersWorld world;
  const dns::Message answer = world.answer(dns::query_for("wEb.default.svc.cluster.local"));
  CHECK(words_of(answer) == "wEb.default.svc.cluster.local 30 10.96.0.7");
  CHECK((answer.authoritative && answer.recursion_available));
  CHECK(world.ask("web.default.svc.cluster.local", Type::txt) == "| 5");
  CHECK(world.ask("_x.default.svc.cluster.local") == "NXDOMAIN | 5");
  CHECK(world.upstream.asked == 0);
  CHECK(world.ask("web.example") == "web.example 60 192.0.2.7");
  CHECK(world.ask("web.example") == "web.example 60 192.0.2.7");
  CHECK(world.upstream.asked == 1);
}

TEST_CASE("a second answer is recalled, until the world changes") {
  AnswersWorld world;
  const std::string first = world.ask("web.default.svc.cluster.local");
  CHECK(world.ask("web.default.svc.cluster.local") == first);
  CHECK(world.cache.counts().hits == 1);
  set_service(world.names, {"default", "web"}, R"({"clusterIP":"10.96.0.9"})");
  world.cache.world_changed();
  CHECK(world.ask("web.default.svc.cluster.local") == "web.default.svc.cluster.local 30 10.96.0.9");
}

TEST_CASE("addresses are named here when they have a name here") {
  AnswersWorld world;
  CHECK(world.ask("7.0.96.10.in-addr.arpa", Type::ptr) ==
        "7.0.96.10.in-addr.arpa 30 web.default.svc.cluster.local");
  CHECK(world.ask("1.2.0.192.in-addr.arpa", Type::ptr) == "NXDOMAIN | 20");
  CHECK(world.asked_outside() == std::vector<std::string>{"1.2.0.192.in-addr.arpa"});
  set_slice(world.names, "default", "new", "db", R"("endpoints":[{"addresses":["192.0.2.1"]}])");
  world.cache.world_changed();
  CHECK(world.ask("1.2.0.192.in-addr.arpa", Type::ptr) ==
        "1.2.0.192.in-addr.arpa 30 192-0-2-1.db.default.svc.cluster.local");
}

TEST_CASE("nothing is said about the cluster before it is known") {
  AnswersWorld world;
  ClusterAnswers early(world.names, world.zone, world.cache, world.forwarder);
  for (const auto& query :
       {dns::query_for("web.default.svc.cluster.local"), dns::query_for("7.0.96.10.in-addr.arpa", Type::ptr)})
    CHECK(words_of(*early.know({query, dns::encode(query)})) == "SERVFAIL");
  const dns::Message other = dns::query_for("web.example");
  CHECK(!early.know({other, dns::encode(other)}));
  CHECK(world.cache.size() == 0);
}

TEST_CASE("aliases are followed, in the cluster and out of it") {
  AnswersWorld world;
  CHECK(world.ask("out.default.svc.cluster.local") ==
        "out.default.svc.cluster.local 30 web.example web.example 60 192.0.2.7");
  CHECK(world.ask("out.default.svc.cluster.local", Type::cname) ==
        "out.default.svc.cluster.local 30 web.example");
  CHECK(world.ask("again.default.svc.cluster.local") ==
        "again.default.svc.cluster.local 30 web.default.svc.cluster.local "
        "web.default.svc.cluster.local 30 10.96.0.7");
  CHECK(world.ask("round.default.svc.cluster.local").starts_with("SERVFAIL round."));
}

TEST_CASE("an alias of nothing, or of what cannot be asked, is told as such") {
  AnswersWorld world;
  set_service(world.names, {"default", "out"}, R"({"type":"ExternalName","externalName":"none.example"})");
  CHECK(world.ask("out.default.svc.cluster.local") ==
        "NXDOMAIN out.default.svc.cluster.local 30 none.example | 20");
  set_service(world.names, {"default", "out"}, R"({"type":"ExternalName","externalName":"broken.example"})");
  world.cache.world_changed();
  CHECK(world.ask("out.default.svc.cluster.local") ==
        "SERVFAIL out.default.svc.cluster.local 30 broken.example");
}

TEST_CASE("the search path is walked in one answer") {
  AnswersWorld world;
  CHECK(world.in_default("api.prod") ==
        "5 api.prod.svc.cluster.local api.prod.svc.cluster.local 30 10.96.0.8");
  CHECK(world.in_default("api.prod.svc") ==
        "5 api.prod.svc.cluster.local api.prod.svc.cluster.local 30 10.96.0.8");
  CHECK(world.in_default("api.prod.svc.cluster.local") ==
        "5 api.prod.svc.cluster.local api.prod.svc.cluster.local 30 10.96.0.8");
  CHECK(world.upstream.asked == 0);
  CHECK(world.in_default("web.example") == "5 web.example web.example 60 192.0.2.7");
  CHECK(world.in_default("web.example", Type::aaaa) == "5 web.example web.example 60 2001:db8::7");
  CHECK(world.in_default("big") == "5 big.corp.example big.corp.example 60 192.0.2.7");
  const dns::Message answer = world.answer(dns::query_for("BIG.default.svc.CLUSTER.local"));
  CHECK(answer.questions[0].name == "BIG.default.svc.CLUSTER.local");
  CHECK(answer.answers[0].name == "BIG.default.svc.CLUSTER.local");
  CHECK(world.answers.counts().found_by_search >= 6);
}

TEST_CASE("both families stop at the same name of the search path") {
  AnswersWorld world;
  CHECK(world.in_default("six.example", Type::aaaa) ==
        "5 six.example.corp.example six.example.corp.example 60 2001:db8::7");
  CHECK(world.in_default("six.example") == "5 six.example.corp.example | 20");
  CHECK(world.in_default("big", Type::aaaa) == "5 big.corp.example | 20");
}

TEST_CASE("what the search path does not find does not exist, and is not sought again for a while") {
  AnswersWorld world;
  CHECK(world.in_default("none.example") == "NXDOMAIN | 5");
  CHECK(world.asked_outside() == std::vector<std::string>{"none.example.corp.example", "none.example"});
  CHECK(world.in_default("none.example") == "NXDOMAIN | 5");
  CHECK(world.in_default("half") == "NXDOMAIN | 5");
  CHECK(world.in_default("broken.example") == "NXDOMAIN | 5");
  CHECK(world.answers.counts().searched == 3);
}

TEST_CASE("names that may be meant in the cluster are not sought outside of it") {
  AnswersWorld world;
  CHECK(world.in_default("db-2.db") == "NXDOMAIN | 5");    // a pod that is not ready yet
  CHECK(world.in_default("api") == "NXDOMAIN | 5");        // a Service of another namespace
  CHECK(world.in_default("gone.prod") == "NXDOMAIN | 5");  // a Service that is not there yet
  CHECK(world.in_default("_x.example") == "NXDOMAIN | 5");
  CHECK(world.in_default("web.example", Type::txt) == "NXDOMAIN | 5");
  CHECK(world.ask("web.example.gone.svc.cluster.local") == "NXDOMAIN | 5");  // no such namespace
  CHECK(world.ask("web.example.svc.cluster.local") == "NXDOMAIN | 5");
  CHECK(world.ask("web.example.cluster.local") == "NXDOMAIN | 5");
  CHECK(world.upstream.asked == 0);
}

TEST_CASE("questions for everything get little, transfers and other classes nothing") {
  AnswersWorld world;
  const dns::Message any = world.answer(dns::query_for("web.default.svc.cluster.local", Type::any));
  REQUIRE(any.answers.size() == 1);
  CHECK(any.answers[0].type == Type::hinfo);
  CHECK(world.answer(dns::query_for("web.example", Type::any)).answers[0].type == Type::hinfo);
  CHECK(world.ask("x.cluster.local", Type::any) == "NXDOMAIN | 5");
  CHECK(world.ask("cluster.local", Type::transfer) == "REFUSED");
  dns::Message chaos = dns::query_for("version.bind", Type::txt);
  chaos.questions[0].record_class = 3;
  CHECK(words_of(world.answer(chaos)) == "REFUSED");
  CHECK(world.upstream.asked == 0);
}

}  // namespace podo::cluster_dns
