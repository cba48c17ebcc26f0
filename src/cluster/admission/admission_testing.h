// A cluster without servers, for the tests of this room: objects in a memory store, an Admission over them,
// and somebody who asks.
#pragma once

#include <doctest/doctest.h>

#include "base/io/combine.h"
#include "base/io/simulated_loop.h"
#include "base/store/memory_store.h"
#include "cluster/admission/admission.h"
#include "model/kube/defaults.h"
#include "model/kube/path.h"
#include "model/kube/schema.h"
#include "model/schema/convert.h"

namespace podo::admission {

// Lets `admin` do everything, and others what is in `allowed`: "approve signers a/b".
class FakeAccess final : public access::Access {
 public:
  Task<access::User> authenticate(const http::Peer&, const http::Headers&) override {
    co_return access::User{.name = "admin"};
  }
  access::Verdict authorize(const access::User& user, const access::Attributes& wanted) const override {
    const std::string asked = text("{} {} {}", wanted.verb, wanted.resource, wanted.name);
    const bool allows = user.name == "admin" || asked == allowed;
    return {allows ? access::Decision::allow : access::Decision::no_opinion};
  }
  std::vector<access::Rule> rules_of(const access::User&, std::string_view) const override { return {}; }
  Result<> check_grant(const access::User&, std::string_view, const json::Item&) const override { return {}; }
  Result<access::TokenMade> make_token(const access::TokenWish&) override { return unsupported("a fake"); }
  Result<std::string> make_secret_token(const access::TokenWish&) override { return unsupported("a fake"); }
  Task<access::TokenReviewed> review_token(std::string, std::vector<std::string>) override {
    co_return access::TokenReviewed{};
  }
  std::string key_set() const override { return "{}"; }
  const std::string& issuer() const override { return nothing_; }
  const tls::ServerOptions& tls() const override { return tls_; }
  Task<bool> renew(std::vector<std::string>) override { co_return false; }
  const std::string& authority_pem() const override { return nothing_; }
  Result<std::string> admin_kubeconfig(std::string_view) override { return unsupported("a fake"); }

  std::string allowed;

 private:
  std::string nothing_;
  tls::ServerOptions tls_;
};

struct Ask {
  std::string_view api_version, kind;
  std::string json = {}, old = {};  // "" of what is absent
  std::string_view subresource = "", name_space = "ns", name = "x";
  access::User user = {.name = "admin"};
  Operation operation = Operation::create;
  bool dry_run = false;
};

struct Outcome {
  std::string refused;  // the message; "" when it was let in
  kube::Status status = {};
  json::Tree object = {};
  std::vector<std::string> warnings = {};
  std::string at(std::string_view path) const {
    const json::Item* item = kube::find_at(object.root(), path);
    std::string out = item == nullptr ? "-" : "";
    if (item != nullptr) json::append_text(out, *item);
    return out;
  }
};

struct World {
  World(io::SimulatedLoop& loop_, const schema::Schema& schema_)
      : loop(loop_),
        random(1),
        schema(schema_),
        store(store::make_memory_store(loop, random, {})),
        objects(objects::Objects::make(loop, *store, schema)) {}

  Task<void> open() {
    admission = co_await Admission::open(
        {.loop = loop, .objects = *objects, .access = access, .clock = clock, .random = random, .log = log});
    co_await put("v1", "Namespace", R"({"metadata":{"name":"ns"}})");
    co_await put("v1", "ServiceAccount", R"({"metadata":{"name":"default","namespace":"ns"}})");
  }

  json::Tree shaped(const schema::Resource& resource, std::string json) const {
    auto tree = json::Tree::parse(std::move(json));
    REQUIRE(tree);
    REQUIRE(schema::shape(tree->root(), *resource.type));
    kube::apply_defaults(tree->root(), *resource.type, {});
    return std::move(*tree);
  }

  // Stores it as it is, and waits until admission may know.
  Task<void> put(std::string_view api_version, std::string_view kind, std::string json) {
    const schema::Resource& resource = *schema.find_kind(api_version, kind);
    json::Tree tree = shaped(resource, std::move(json));
    tree.root().member("apiVersion").set_string(api_version);
    tree.root().member("kind").set_string(kind);
    const objects::Key key{&resource, std::string(kube::text_at(tree.root(), "metadata.namespace")),
                           std::string(kube::text_at(tree.root(), "metadata.name"))};
    const auto there = co_await objects->find(key);
    const std::string canonical = schema::canonical(tree.root(), *resource.type);
    if (there) co_await objects->update(key, there->revision(), canonical);
    else co_await objects->create(key, canonical);
    for (int i = 0; i < 50; ++i) co_await io::yield();
  }

  Task<json::Tree> get(std::string_view api_version, std::string_view kind, std::string name_space,
                       std::string name) {
    const objects::Key key{schema.find_kind(api_version, kind), std::move(name_space), std::move(name)};
    co_return co_await (co_await objects->find(key))->tree();
  }

  Task<void> run(Outcome& outcome, const Attributes& attributes, kube::Refusal& refusal,
                 const json::Item* old, bool has_object) {
    json::Item* object = has_object ? &outcome.object.root() : nullptr;
    co_await admission->admit(attributes, refusal, object, old);
    if (has_object) kube::apply_defaults(*object, *attributes.resource.type, {});
    co_await admission->validate(attributes, refusal, object, old);
  }

  Task<Outcome> submit(Ask ask) {
    const schema::Resource& resource = *schema.find_kind(ask.api_version, ask.kind);
    Outcome outcome;
    json::Tree old;
    if (!ask.json.empty()) outcome.object = shaped(resource, ask.json);
    if (!ask.old.empty()) {
      old = shaped(resource, ask.old);
      ask.operation = ask.json.empty() ? Operation::remove : Operation::update;
    }
    const Attributes attributes{.operation = ask.operation,
                                .resource = resource,
                                .subresource = ask.subresource,
                                .name_space = resource.namespaced ? ask.name_space : "",
                                .name = ask.name,
                                .user = ask.user,
                                .dry_run = ask.dry_run,
                                .warnings = outcome.warnings};
    kube::Refusal refusal;
    const Result<void> done =
        co_await run(outcome, attributes, refusal, ask.old.empty() ? nullptr : &old.root(), !ask.json.empty())
            .result();
    if (!done) {
      outcome.status = refusal.take(done.error());
      outcome.refused = outcome.status.message;
    }
    co_return outcome;
  }

  io::SimulatedLoop& loop;
  SeededRandom random;
  SystemClock clock;
  SilentLog log;
  FakeAccess access;
  const schema::Schema& schema;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<objects::Objects> objects;
  std::unique_ptr<Admission> admission;
};

inline Task<void> open_and_run(World& world, Task<void> (*property)(World&)) {
  co_await world.open();
  co_await property(world);
}

inline void in_world(Task<void> (*property)(World&)) {
  const schema::Schema schema = kube::parse_schema();
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    io::SimulatedLoop loop(seed);
    World world(loop, schema);
    Result<void> ran = loop.run(io::deadline(open_and_run(world, property), seconds(600)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

inline std::string pod_with(std::string container, std::string more = "", std::string metadata = "") {
  return R"({"metadata":{"name":"x","namespace":"ns")" + metadata + R"(},"spec":{"containers":[)" +
         container + "]" + more + "}}";
}
constexpr const char* plain_container = R"({"name":"c","image":"i"})";

inline Ask new_pod(std::string json) { return {.api_version = "v1", .kind = "Pod", .json = std::move(json)}; }

}  // namespace podo::admission
