// Files of a container: `docker cp`, `diff` and `export`.
#include "base/format/base64.h"
#include "container/docker/handlers.h"

namespace podo::docker {
namespace {

Result<std::string> archive_path(const Call& call) {
  const std::string path = call.query("path");
  if (path.empty()) return invalid("bad parameter: path cannot be empty");
  return path;
}

http::Headers with_stat(const Call& call, const engine::PathStat& stat) {
  json::Writer out;
  out.object().key("name").string(stat.name).key("size").number(stat.size).key("mode").number(stat.mode);
  out.key("mtime").string(stat.modified).key("linkTarget").string(stat.link_target).end();
  http::Headers headers = call.headers();
  headers.add("X-Docker-Container-Path-Stat", base64::encode(out.take()));
  return headers;
}

Task<void> begin_archive(Call& call, engine::PathStat stat) {
  http::Headers headers = with_stat(call, stat);
  headers.add("Content-Type", "application/x-tar");
  co_await call.exchange.begin(200, std::move(headers));
}

Task<void> write_export(Call& call, std::string_view bytes) {
  if (!call.exchange.head_sent()) co_await call.begin(200, "application/octet-stream");
  co_await call.exchange.write(bytes);
}

}  // namespace

Task<void> stat_archive(Call& call) {
  const auto stat = co_await call.engine().stat_path(call.name, co_await archive_path(call));
  co_await call.exchange.respond(200, with_stat(call, stat), "");
}

Task<void> get_archive(Call& call) {
  const std::string path = co_await archive_path(call);
  co_await call.engine().copy_from(
      call.name, path, [&call](engine::PathStat stat) { return begin_archive(call, std::move(stat)); },
      [&call](std::string_view bytes) { return call.exchange.write(bytes); });
  co_await call.exchange.end();
}

Task<void> put_archive(Call& call) {
  const std::string path = co_await archive_path(call);
  co_await blame_client(call.engine().copy_to(call.name, path, call.exchange.body(),
                                              {.no_overwrite_dir_non_dir = call.flag("noOverwriteDirNonDir"),
                                               .copy_uid_gid = call.flag("copyUIDGID")}));
  co_await call.nothing(200);
}

Task<void> show_changes(Call& call) {
  const auto changes = co_await call.engine().changes(call.name);
  json::Writer out;
  out.array();
  for (const auto& change : changes) {
    out.object().key("Path").string(change.path).key("Kind").number(static_cast<int>(change.kind)).end();
  }
  co_await call.answer(200, out.end());
}

Task<void> export_container(Call& call) {
  co_await call.engine().get(call.name);
  co_await call.engine().export_tree(call.name,
                                     [&call](std::string_view bytes) { return write_export(call, bytes); });
  co_await call.exchange.end();
}

}  // namespace podo::docker
