// What the tests of this room stand on: an API server as nodes know it, a folder whose mounts go away with
// it, and Volumes over both.
#pragma once

#include "base/core/timestamp.h"
#include "base/format/base64.h"
#include "base/io/combine.h"
#include "base/io/condition.h"
#include "cluster/volumes/pod_folder.h"
#include "cluster/volumes/volumes.h"
#include "container/image/images_testing.h"
#include "model/kube/path.h"
#include "model/kube/schema.h"

namespace podo::volumes {

// Objects by path, token requests; lists and watches of single objects only, as the Node authorizer has it.
class NodesApi final : public http::Handler {
 public:
  explicit NodesApi(Clock& clock) : clock_(clock) {}

  void put(const std::string& path, std::string_view object) {
    json::Tree tree = *json::Tree::parse(std::string(object));
    json::Item& metadata = tree.root().member("metadata");
    metadata.member("name").set_string(path.substr(path.rfind('/') + 1));
    if (path.starts_with("/api/v1/namespaces/ns/")) metadata.member("namespace").set_string("ns");
    metadata.member("resourceVersion").set_string(text("{}", ++version_));
    const bool is_new = !there_.contains(path);
    there_[path] = tree.to_text();
    tell(is_new ? "ADDED" : "MODIFIED", path, there_[path]);
  }
  void erase(const std::string& path) {
    tell("DELETED", path, there_[path]);
    there_.erase(path);
  }

  int tokens = 0, watches = 0, too_much = 0;
  bool broken = false;
  std::string last_token_request = {};

  Task<void> handle(http::Exchange& exchange) override {
    const std::string path(exchange.path());
    const std::string body = co_await http::read_all(exchange.body(), 1 << 20);
    if (broken) co_return co_await refuse(exchange, 500, "InternalError", "broken");
    if (path.ends_with("/token")) co_return co_await make_token(exchange, body);
    if (const auto found = there_.find(path); found != there_.end())
      co_return co_await exchange.respond(200, {}, found->second);
    const std::string_view fields = exchange.query().get("fieldSelector");
    const bool one = fields.starts_with("metadata.name=");
    if (path.ends_with("configmaps") || path.ends_with("secrets")) {
      too_much += !one;
      if (!one) co_return co_await refuse(exchange, 403, "Forbidden", "may not be listed");
      const std::string wanted = path + "/" + std::string(fields.substr(fields.find('=') + 1));
      if (exchange.query().find("watch")) co_return co_await watch(exchange, wanted);
      const auto found = there_.find(wanted);
      co_return co_await exchange.respond(
          200, {},
          text(R"({{"kind":"List","metadata":{{"resourceVersion":"{}"}},"items":[{}]}})", version_,
               found != there_.end() ? found->second : ""));
    }
    const std::size_t slash = path.rfind('/');
    const std::string_view plural = std::string_view(path).substr(0, slash);
    co_await refuse(
        exchange, 404, "NotFound",
        text("{} \\\"{}\\\" not found", plural.substr(plural.rfind('/') + 1), path.substr(slash + 1)));
  }

 private:
  static Task<void> refuse(http::Exchange& exchange, int code, std::string_view reason, std::string message) {
    co_await exchange.respond(
        code, {},
        text(R"({{"kind":"Status","reason":"{}","message":"{}","code":{}}})", reason, message, code));
  }

  void tell(std::string_view type, const std::string& path, std::string_view object) {
    events_.emplace_back(path, text("{{\"type\":\"{}\",\"object\":{}}}\n", type, object));
    changed_.notify_all();
  }

  Task<void> watch(http::Exchange& exchange, std::string wanted) {
    std::size_t told = events_.size();
    ++watches;
    co_await exchange.begin(200, {});
    for (;;) {
      for (; told < events_.size(); ++told)
        if (events_[told].first == wanted) co_await exchange.write(events_[told].second);
      co_await changed_.wait();
    }
  }

  Task<void> make_token(http::Exchange& exchange, std::string body) {
    last_token_request = body;
    const json::Tree asked = co_await json::Tree::parse(body);
    const std::int64_t now = clock_.wall().ns / 1'000'000'000,
                       valid = kube::number_at(asked.root(), "spec.expirationSeconds");
    const std::string_view audience = kube::text_at(asked.root(), "spec.audiences[0]");
    const std::string claims = text(
        R"({{"aud":["{}"],"exp":{},"iat":{},"kubernetes.io":{{"pod":{{"uid":"{}"}},"serviceaccount":{{"name":"default"}}}},"n":{}}})",
        audience, now + valid, now, kube::text_at(asked.root(), "spec.boundObjectRef.uid"), ++tokens);
    co_await exchange.respond(
        201, {},
        text(
            R"({{"kind":"TokenRequest","spec":{{"expirationSeconds":{}}},"status":{{"token":"h.{}.s","expirationTimestamp":"{}"}}}})",
            valid, base64::encode_url(claims), rfc3339_nano({(now + valid) * 1'000'000'000})));
  }

  Clock& clock_;
  std::map<std::string, std::string> there_;                 // by path
  std::vector<std::pair<std::string, std::string>> events_;  // path, line
  int version_ = 10;
  io::Condition changed_{"a change of the API"};
};

// A machine's clock that can be put forward.
class ShiftedClock final : public Clock {
 public:
  Monotonic now() const override { return system_.now(); }
  Wall wall() const override { return {system_.wall().ns + shift.ns}; }
  Duration shift = {};

 private:
  SystemClock system_;
};

struct Scratch {
  Scratch() {
    char name[] = "/tmp/podo-volumes-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    for (int round = 0; round < 4; ++round) {
      const auto mounts = mounts_below(path);
      for (auto mount = mounts->rbegin(); mount != mounts->rend(); ++mount)
        static_cast<void>(podo::linux::unmount(mount->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW));
    }
    CHECK(image::remove_tree(path));
  }
  std::string path;
};

inline struct stat status_of(const std::string& path) {
  struct stat status{};
  REQUIRE_MESSAGE(::lstat(path.c_str(), &status) == 0, path);
  return status;
}
inline mode_t mode_at(const std::string& path) { return status_of(path).st_mode & 07777; }

class NoConnector final : public http::Connector {
 public:
  Task<std::unique_ptr<io::Stream>> connect(const http::Url&) override {
    co_return unavailable("no network");
  }
};

// Volumes of one node, and its API.
struct World {
  World() { open(); }
  // As after a restart of the daemon.
  void open() {
    volumes.reset();
    sources = Sources::make(ground.loop, client, [this](auto, SourceKind kind, std::string_view name) {
      changes.push_back(text("{} {}", name_of(kind), name));
    });
    auto opened = ground.run(Volumes::open({.loop = ground.loop,
                                            .pool = ground.pool,
                                            .client = client,
                                            .sources = *sources,
                                            .images = *ground.images,
                                            .registry = registry,
                                            .clock = clock,
                                            .random = ground.random,
                                            .log = ground.log},
                                           {.data_folder = scratch.path, .node_name = "n1"}));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().message());
    volumes = *std::move(opened);
  }
  // A pod of `spec`'s members: {"volumes":[...], "containers":[...]}.
  json::Tree pod(std::string_view spec, std::string_view metadata = "") const {
    auto tree = json::Tree::parse(text(
        R"({{"metadata":{{"name":"p","namespace":"ns","uid":"u1"{}}},"spec":{{"serviceAccountName":"default",{}}}}})",
        metadata, spec));
    REQUIRE_MESSAGE(tree.has_value(), tree.error().message());
    return *std::move(tree);
  }
  std::string problem(Task<void> task) {
    const auto done = ground.run(std::move(task));
    return done ? "" : done.error().message();
  }
  std::string volume(std::string_view kind_and_name) const {
    return text("{}/pods/u1/volumes/kubernetes.io~{}", scratch.path, kind_and_name);
  }
  // Until a change has been told.
  void wait_for_change() {
    const std::size_t before = changes.size();
    REQUIRE(ground.run(io::deadline(wait_past(before), seconds(10))));
  }
  Task<void> wait_past(std::size_t before) {
    while (changes.size() == before) co_await io::sleep(milliseconds(1));
  }

  Scratch scratch;
  image::Ground ground;
  ShiftedClock clock;
  schema::Schema schema = kube::parse_schema();
  NodesApi api{clock};
  client::LocalTransport transport{ground.loop, api, {.certificate_name = "system:node:n1"}};
  client::Client client{transport, schema};
  NoConnector connector;
  http::Client http{ground.loop, connector, {}};
  image::Registry registry{{ground.loop, http, http, *ground.images, ground.random, ground.clock, ground.log},
                           {}};
  std::vector<std::string> changes;
  std::unique_ptr<Sources> sources;
  std::unique_ptr<Volumes> volumes;
};

}  // namespace podo::volumes
