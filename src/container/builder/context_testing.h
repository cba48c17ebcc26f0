// For tests of contexts: a loop, a pool, and a server of this machine that gives what lies in "www".
#pragma once

#include "base/format/tar.h"
#include "base/http/server.h"
#include "base/http/system_connector.h"
#include "base/io/combine.h"
#include "base/io/process.h"
#include "container/builder/context.h"
#include "container/copy/files_testing.h"

namespace podo::builder {

class ServedFolder final : public http::Handler {
 public:
  explicit ServedFolder(std::string folder) : folder_(std::move(folder)) {}
  Task<void> handle(http::Exchange& exchange) override {
    const std::string path(exchange.path());
    asked.push_back(path);
    if (path == "/redirect") return exchange.respond(302, {{"Location", "/file.txt?x=1"}}, "");
    if (path == "/loop") return exchange.respond(302, {{"Location", "/loop"}}, "");
    if (path == "/away") return exchange.respond(302, {{"Location", "ftp://example.com/x"}}, "");
    if (path == "/private" && exchange.headers().get("Authorization") != "Basic dXNlcjpwYXNz")
      return exchange.respond(401, {}, "who are you");
    const auto file = linux::read_file((folder_ + path).c_str(), 16 << 20);
    if (!file) return exchange.respond(404, {}, "nothing there");
    http::Headers headers = {{"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}};
    if (path == "/folder/") headers.add("Content-Disposition", "attachment; filename=\"../told.txt\"");
    return exchange.respond(200, std::move(headers), *file);
  }
  std::vector<std::string> asked;

 private:
  std::string folder_;
};

// The bytes of an archive, in small pieces.
class ArchiveBody final : public http::Body {
 public:
  explicit ArchiveBody(std::string bytes, std::size_t piece = 700)
      : bytes_(std::move(bytes)), piece_(piece) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), bytes_.size() - at_, piece_});
    std::copy_n(io::bytes_of(bytes_).begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    co_return count;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0, piece_;
};

struct ContextWorld : Workbench {
  ContextWorld() : handler(scratch.path("www")), server(loop, handler, log, {}) {
    scratch.folder("www");
    auto listening = loop.run(io::listen_socket(loop, io::Address::tcp("127.0.0.1", 0)));
    REQUIRE(listening);
    listener = *std::move(listening);
  }
  std::string url(std::string_view path) const {
    return text("http://127.0.0.1:{}{}", listener->address().port, path);
  }
  ContextGround ground() { return {loop, pool, client, random, log}; }

  // While the server serves.
  template <class T>
  Result<T> run(Task<T> task) {
    return loop.run(serving(*this, std::move(task)));
  }
  template <class T>
  static Task<T> serving(ContextWorld& world, Task<T> task) {
    io::TaskGroup group(world.loop);
    group.spawn(world.server.serve(*world.listener));
    auto result = co_await task.result();
    group.cancel();
    co_await group.join();
    co_return co_await std::move(result);
  }

  Result<std::unique_ptr<Context>> open(ContextSource source, std::string dockerfile = "Dockerfile") {
    return run(open_context(ground(), scratch.path(text("context-{}", ++contexts)), source,
                            std::move(dockerfile), std::nullopt));
  }
  std::string dockerfile(Context& context) {
    auto found = run(context.dockerfile());
    return found ? *found : found.error().message();
  }
  // git, or another program, in a folder of the scratch place.
  void call(std::vector<std::string> command, const std::string& folder) {
    const io::Command what{.arguments = std::move(command), .folder = scratch.path(folder)};
    const auto done = run(io::capture(loop, what, "", 1 << 20));
    REQUIRE(done);
    REQUIRE_MESSAGE(done->status.ok(), done->errors);
  }

  SilentLog log;
  SystemRandom random;
  io::EpollLoop loop;
  io::BlockingPool pool{2};
  http::SystemConnector connector{loop, nullptr};
  http::Client client{loop, connector, {}};
  ServedFolder handler;
  http::Server server;
  std::unique_ptr<io::SocketListener> listener;
  int contexts = 0;
};

struct Member {
  std::string path, content = {}, link = {};
  tar::Type type = tar::Type::file;
  std::vector<std::pair<std::string, std::string>> xattrs = {};
};

inline std::string archive_of(const std::vector<Member>& members) {
  std::string bytes;
  for (const Member& member : members) {
    tar::Entry entry{.type = member.type, .path = member.path, .link = member.link, .mode = 0644};
    if (member.type == tar::Type::directory) entry.mode = 0755;
    entry.size = member.content.size();
    entry.mtime_s = 1'000'000;
    entry.xattrs = member.xattrs;
    bytes += *tar::header_of(entry) + member.content + std::string(tar::padding_of(entry.size), '\0');
  }
  return bytes + tar::end_of_archive();
}

}  // namespace podo::builder
