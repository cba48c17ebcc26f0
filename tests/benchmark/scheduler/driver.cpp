// The whole scheduler beside a store in the same process, as in the daemon: mirrors of the store, bindings as
// requests, which are written to the store. The API server's own work (authorization, admission, its own
// encoding) is left out: ./bench api measures that.
#include "base/core/log.h"
#include "base/io/combine.h"
#include "base/io/epoll_loop.h"
#include "base/store/memory_store.h"
#include "cluster/client/client.h"
#include "cluster/scheduler/scheduler.h"
#include "model/kube/path.h"
#include "model/kube/schema.h"
#include "workload.h"

namespace bench {
namespace {

using namespace podo;
using io::Task;

// Binds; says yes to all else.
class Api final : public http::Handler {
 public:
  Api(objects::Objects& objects, const schema::Resource& pods, int expected)
      : objects_(objects), pods_(pods), expected_(expected) {}

  Task<void> handle(http::Exchange& exchange) override {
    const std::string body = co_await http::read_all(exchange.body(), 1 << 20);
    if (!exchange.path().ends_with("/binding")) co_return co_await exchange.respond(201, {}, "{}");
    const json::Tree binding = co_await json::Tree::parse(body);
    const objects::Key key{&pods_, "default", std::string(kube::text_at(binding.root(), "metadata.name"))};
    const std::optional<objects::Object> stored = co_await objects_.find(key);
    json::Tree pod = co_await stored->tree();
    pod.root().member("spec").member("nodeName").set_string(kube::text_at(binding.root(), "target.name"));
    co_await objects_.update(key, stored->revision(), pod.to_text());
    co_await exchange.respond(201, {}, R"({"kind":"Status","status":"Success"})");
    if (++bound == expected_) done.notify_all();
  }

  int bound = 0;
  io::Condition done{"all pods"};

 private:
  objects::Objects& objects_;
  const schema::Resource& pods_;
  const int expected_;
};

Task<void> fill(objects::Objects& objects, client::Client& client, Kind kind, Size size) {
  for (int i = 0; i < size.nodes; ++i)
    co_await objects.create({client.resource("", "nodes"), "", text("node-{}", i)}, bench::node_json(i));
  for (int i = 0; i < size.pods; ++i)
    co_await objects.create(
        {client.resource("", "pods"), "default", text("set-{}-{}", i / Size::pods_of_a_set, i)},
        bench::pod_json(kind, i));
}

Task<void> wait_for_all(Api& api) { co_await api.done.wait(); }

Task<void> schedule_all(io::Loop& loop, Kind kind, Size size) {
  const schema::Schema schema = kube::parse_schema();
  SystemRandom random;
  SilentLog log;
  const auto store = store::make_memory_store(loop, random);
  const auto objects = objects::Objects::make(loop, *store, schema);
  Api api(*objects, objects->resource("", "pods"), size.pods);
  client::LocalTransport transport(loop, api, {.certificate_name = "system:kube-scheduler"});
  client::Client client(transport, schema, objects.get());
  co_await fill(*objects, client, kind, size);
  const Usage before = usage();
  std::vector<Task<void>> both;
  both.push_back(wait_for_all(api));
  both.push_back(scheduler::run_scheduler({loop, client, random, log}, {}));
  co_await io::first(std::move(both));
  report("driver", names[static_cast<int>(kind)], size.pods, before, usage());
}

}  // namespace

void measure_driver(Kind kind, Size size) {
  io::EpollLoop loop;
  const Result<void> ran = loop.run(schedule_all(loop, kind, size));
  if (!ran) std::printf("driver: %s\n", ran.error().message().c_str());
}

}  // namespace bench
