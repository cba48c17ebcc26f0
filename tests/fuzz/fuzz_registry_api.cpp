// Any bytes as requests to the registry: it answers or refuses, in JSON where the specification has it, and
// afterwards it still tells what it has: names and tags of the grammar, manifests that are what their digest
// says.
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>

#include "base/core/ensure.h"
#include "base/format/json.h"
#include "base/io/socket.h"
#include "base/store/memory_store.h"
#include "container/image/tree.h"
#include "container/registry/route.h"
#include "container/registry/server.h"

namespace podo::registry {
namespace {

class NoConnector final : public http::Connector {
 public:
  Task<std::unique_ptr<io::Stream>> connect(const http::Url&) override {
    co_return unavailable("there is no network");
  }
};

// What comes back to these bytes on one connection.
Task<std::string> ask(io::EpollLoop& loop, http::Server& server, std::string bytes) {
  io::SocketPair pair = co_await io::socket_pair(loop);
  io::TaskGroup group(loop);
  group.spawn(server.serve_connection(std::move(pair.right), {}));
  static_cast<void>(co_await io::write_text(*pair.left, std::move(bytes)).result());
  static_cast<void>(pair.left->finish());
  Result<std::string> answer = co_await io::read_to_end(*pair.left, 16 << 20).result();
  pair.left.reset();
  co_await group.join();
  co_return answer.value_or("");
}

std::string_view body_of(std::string_view answer) {
  const std::size_t at = answer.find("\r\n\r\n");
  return at == std::string_view::npos ? std::string_view() : answer.substr(at + 4);
}

Task<void> check(io::EpollLoop& loop, http::Server& server, std::string target, bool names) {
  const std::string request = "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string answer = co_await ask(loop, server, request);
  ENSURE(answer.starts_with("HTTP/1.1 200 "));
  const json::Document document = co_await json::parse(std::string(body_of(answer)));
  const json::Value list = document.root().find(names ? "repositories" : "tags");
  ENSURE(list.is(json::Kind::array));
  for (const json::Value one : list.items()) {
    ENSURE(names ? is_repository_name(one.string()) : is_tag(one.string()));
    if (names) co_await check(loop, server, text("/v2/{}/tags/list", one.string()), false);
  }
}

Task<void> serve(io::EpollLoop& loop, std::string folder, std::string bytes) {
  SystemClock clock;
  SilentLog log;
  SeededRandom random(1);
  NoConnector nowhere;
  io::BlockingPool pool(2);
  auto store = store::make_memory_store(loop, random);
  http::Client client(loop, nowhere, {});
  auto images = co_await image::Images::open(
      {loop, pool, *store, random, clock, log},
      {.folder = folder + "/images", .snapshots = image::ImagesOptions::Snapshots::copy});
  auto registry = co_await Server::open({loop, pool, *store, *images, client, client, random, clock, log},
                                        {.folder = folder + "/registry", .collect_every = {}});
  http::Server server(loop, *registry, log, {});
  const std::string answer = co_await ask(loop, server, std::move(bytes));
  ENSURE(answer.empty() || answer.starts_with("HTTP/1.1 "));
  co_await check(loop, server, "/v2/_catalog", true);
  static_cast<void>(co_await registry->collect_garbage());
  registry.reset();
}

}  // namespace
}  // namespace podo::registry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  char folder[] = "/dev/shm/podo-fuzz-registry-XXXXXX";
  ENSURE(::mkdtemp(folder) != nullptr);
  {
    podo::io::EpollLoop loop;
    const auto served =
        loop.run(podo::registry::serve(loop, folder, std::string(reinterpret_cast<const char*>(data), size)));
    ENSURE(served.has_value());
  }
  static_cast<void>(podo::image::remove_tree(folder));
  return 0;
}
