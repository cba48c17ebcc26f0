#include "cluster/audit/audit.h"

#include <doctest/doctest.h>

#include "base/io/combine.h"
#include "base/io/simulated_disk.h"
#include "base/io/simulated_loop.h"

namespace podo::apiserver {
namespace {

constexpr std::string_view policy = R"(
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  users: ["system:kube-proxy"]
  verbs: [watch]
- level: None
  nonResourceURLs: ["/healthz*", /version]
- level: Metadata
  resources: [{group: "", resources: [secrets, "pods/*"]}]
- level: RequestResponse
  omitStages: [ResponseStarted]
  namespaces: [shop]
- level: Request
  userGroups: [devs]
)";

const access::User jane{.name = "jane", .groups = {"devs"}}, john{.name = "john"};
access::Attributes get(std::string_view resource, std::string_view part = {}, std::string_view ns = {}) {
  return {.verb = "get", .version = "v1", .resource = resource, .subresource = part, .name_space = ns};
}

TEST_CASE("the first rule that matches decides") {
  const auto parsed = AuditPolicy::parse(policy);
  REQUIRE_MESSAGE(parsed.has_value(), parsed.error().message());
  const auto level = [&](const access::User& user, const access::Attributes& asked) {
    return parsed->decide(user, asked).level;
  };
  CHECK(level({.name = "system:kube-proxy"}, {.verb = "watch", .resource = "services"}) == AuditLevel::none);
  CHECK(level({.name = "system:kube-proxy"}, get("services", "", "shop")) == AuditLevel::request_response);
  CHECK(level(jane, {.verb = "get", .path = "/healthz/x", .is_resource = false}) == AuditLevel::none);
  CHECK(level(jane, {.verb = "get", .path = "/metrics", .is_resource = false}) == AuditLevel::request);
  CHECK(level(jane, get("secrets", "", "shop")) == AuditLevel::metadata);
  CHECK(level(jane, get("pods", "log", "shop")) == AuditLevel::metadata);
  CHECK(level(jane, get("pods", "", "shop")) == AuditLevel::request_response);
  CHECK(level(jane, get("pods", "", "other")) == AuditLevel::request);
  CHECK(level(john, get("pods", "", "other")) == AuditLevel::none);
  CHECK(level(jane, get("serviceaccounts", "token", "shop")) == AuditLevel::metadata);
  const AuditDecision decision = parsed->decide(jane, get("pods", "", "shop"));
  CHECK(decision.omits(AuditStage::request_received));
  CHECK(decision.omits(AuditStage::response_started));
  CHECK_FALSE(decision.omits(AuditStage::response_complete));
}

TEST_CASE("a policy with a mistake is told where") {
  const auto why = [](std::string_view rules) {
    return AuditPolicy::parse(text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n{}", rules))
        .error()
        .message();
  };
  CHECK(why("- level: Everything\n") == "rules[0].level: Unsupported value: \"Everything\"");
  CHECK(why("- {level: None, namespaces: [a], nonResourceURLs: [/x]}\n") ==
        "rules[0]: rules cannot apply to both regular resources and non-resource URLs");
  CHECK(why("  []\n") == "rules: an audit policy needs one at least");
  CHECK_FALSE(AuditPolicy::parse("kind: Policy\n").has_value());
}

struct World {
  explicit World(io::SimulatedLoop& loop_) : loop(loop_), disk(loop_), random(1) {}
  Task<std::unique_ptr<Audit>> open(AuditLimits limits = {}) {
    (void)co_await disk.make_folder("/a").result();
    co_await io::write_file_atomically(disk, "/a/policy", std::string(policy));
    co_return co_await Audit::open({loop, disk, loop.clock(), random, log}, "/a/policy", "/a/log", limits);
  }
  io::SimulatedLoop& loop;
  io::SimulatedDisk disk;
  SeededRandom random;
  SilentLog log;
};

void in_world(Task<void> (*property)(World&)) {
  io::SimulatedLoop loop(1);
  World world(loop);
  const Result<void> ran = loop.run(io::deadline(property(world), seconds(600)));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

AuditedRequest request_of(access::Attributes asked) {
  return {.asked = asked, .uri = "/api/v1/x?limit=1", .source = "10.0.0.1", .user_agent = "kubectl"};
}

Task<void> events(World& world) {
  const auto audit = co_await world.open();
  {
    AuditTrail trail(audit.get(), jane, request_of(get("configmaps", "", "shop")));
    trail.authorized(true, "because");
    trail.request_object("{\n \"a\": 1, \"metadata\": {\"managedFields\": [1]}}");
    trail.response_object(R"({"b":2})");
    trail.answered(200);
  }
  {
    access::User bob{.name = "bob"};
    bob.impersonator = std::make_shared<const access::User>(jane);
    AuditTrail trail(audit.get(), bob, request_of(get("secrets", "", "shop")));
    trail.request_object(R"({"secret":"x"})");
    trail.answered(404, "NotFound", "secrets not found");
  }
  { const AuditTrail trail(audit.get(), john, request_of(get("nodes"))); }
  co_await audit->flush();
  const std::string log = co_await io::read_file(world.disk, "/a/log", 1 << 20);
  const std::size_t end = log.find('\n');
  const json::Document first = co_await json::parse(log.substr(0, end));
  const json::Document second = co_await json::parse(log.substr(end + 1));
  const auto at = [](const json::Document& event, std::string_view a, std::string_view b = {}) {
    const json::Value value = b.empty() ? event.root().find(a) : event.root().find(a).find(b);
    return value.is(json::Kind::string) ? std::string(value.string())
                                        : std::string(value.present() ? "?" : "");
  };
  CHECK(at(first, "level") == "RequestResponse");
  CHECK(at(first, "stage") == "ResponseComplete");
  CHECK(at(first, "user", "username") == "jane");
  CHECK(at(first, "objectRef", "resource") == "configmaps");
  CHECK(first.root().find("responseStatus").find("code").as_int64() == 200);
  CHECK(first.root().find("requestObject").find("a").as_int64() == 1);
  CHECK_FALSE(first.root().find("requestObject").find("metadata").find("managedFields").present());
  CHECK(first.root().find("responseObject").find("b").as_int64() == 2);
  CHECK(first.root().find("annotations").find("authorization.k8s.io/reason").string() == "because");
  CHECK(at(first, "requestReceivedTimestamp").size() == 27);
  CHECK(at(second, "level") == "Metadata");
  CHECK(at(second, "user", "username") == "jane");
  CHECK(at(second, "impersonatedUser", "username") == "bob");
  CHECK(at(second, "responseStatus", "reason") == "NotFound");
  CHECK(log.find("\"secret\"") == log.npos);
  CHECK(log.find("nodes") == log.npos);
}
TEST_CASE("events say who asked for what, and no more than the level allows") { in_world(events); }

Task<void> rotation(World& world) {
  const auto audit = co_await world.open({.file_bytes_max = 100, .files_kept = 2});
  for (int i = 0; i < 8; ++i) {
    audit->write(text("{}{}\n", std::string(59, 'x'), i));
    co_await audit->flush();
  }
  CHECK(co_await world.disk.list("/a") == std::vector<std::string>{"log", "log.1", "log.2", "policy"});
  const std::string newest = co_await io::read_file(world.disk, "/a/log", 1000);
  const std::string oldest = co_await io::read_file(world.disk, "/a/log.2", 1000);
  CHECK(newest.ends_with("x7\n"));
  CHECK(oldest.ends_with("x5\n"));
}
TEST_CASE("the file is rotated, and old ones go") { in_world(rotation); }

Task<void> back_pressure(World& world) {
  const auto audit = co_await world.open({.waiting_bytes_max = 10});
  co_await audit->room();
  audit->write(std::string(100, 'x') + "\n");
  co_await audit->room();  // returns when it is written
  CHECK((co_await io::read_file(world.disk, "/a/log", 1000)).size() == 101);
}
TEST_CASE("requests wait for a slow disk rather than go unwritten") { in_world(back_pressure); }

}  // namespace
}  // namespace podo::apiserver
