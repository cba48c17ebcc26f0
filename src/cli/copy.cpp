// podo cp
#include <sys/stat.h>

#include "base/format/base64.h"
#include "cli/command.h"
#include "cli/console/terminal.h"
#include "cli/local_tree.h"

namespace podo::cli {
namespace {

struct End {
  std::string container, path;  // container "": this machine
};

// "NAME:PATH"; a path that begins with '/' or '.' is a local one, whatever it holds.
End parse_end(const std::string& text) {
  std::size_t colon = text.find(':');
  bool local = text.starts_with('/') || text.starts_with('.') || colon == std::string::npos;
  return local ? End{"", text} : End{text.substr(0, colon), text.substr(colon + 1)};
}

bool wants_content(std::string_view path) { return path == "." || path.ends_with("/."); }

std::string base_of(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}
std::string folder_of(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// What the daemon says of a path in a container.
struct Remote {
  bool exists = false, folder = false;
  std::string link_target = {};
};

Task<Remote> look_at(Daemon& daemon, End end) {
  Daemon::Query query;
  query.add("path", end.path);
  Result<http::Response> answer =
      co_await daemon
          .ask({.method = "HEAD", .path = text("/containers/{}/archive", end.container), .query = query})
          .result();
  if (!answer && answer.error().kind() == ErrorKind::not_found) {
    // A HEAD has no message: whether the container is there, a second call tells.
    co_await daemon.get(text("/containers/{}/json", end.container));
    co_return Remote{};
  }
  if (!answer) co_return Failure(std::move(answer).error());
  std::string json = co_await base64::decode(answer->headers.get("X-Docker-Container-Path-Stat"));
  json::Document stat = co_await json::parse(std::move(json));
  constexpr std::int64_t go_directory = 1ll << 31;  // as Go's fs.FileMode has it
  co_return Remote{.exists = true,
                   .folder = (get_number(stat.root(), "mode") & go_directory) != 0,
                   .link_target = get_text(stat.root(), "linkTarget")};
}

// Where what is copied goes: into a folder that exists, or under a new name.
struct Place {
  std::string folder, name;
};

Result<Place> local_place(const std::string& path, const End& from) {
  struct stat there{};
  bool exists = ::stat(path.c_str(), &there) == 0;
  bool content = wants_content(from.path);
  if (exists && S_ISDIR(there.st_mode)) return Place{path, content ? "" : base_of(from.path)};
  if (!exists && path.ends_with('/') && !content) return not_found("{}: no such directory", path);
  return Place{folder_of(path), base_of(path)};
}

Task<int> copy_out(Call call, End from, std::string to) {
  Daemon::Query query;
  if (call.flags.on("follow-link")) {
    Remote remote = co_await look_at(call.daemon, from);
    if (!remote.link_target.empty()) from.path = remote.link_target;
  }
  query.add("path", from.path);
  http::Response response = co_await call.daemon.ask(
      {.method = "GET", .path = text("/containers/{}/archive", from.container), .query = query});
  std::string bytes(64 << 10, '\0');
  if (to == "-") {
    while (std::size_t count = co_await response.body->read(io::writable_bytes_of(bytes)))
      co_await print(std::string_view(bytes).substr(0, count));
    co_return 0;
  }
  Place place = co_await local_place(to, from);
  TreeUnpacker unpacker =
      co_await TreeUnpacker::into(place.folder, place.name, {.keep_owner = call.flags.on("archive")});
  while (std::size_t count = co_await response.body->read(io::writable_bytes_of(bytes)))
    co_await unpacker.feed(std::string_view(bytes).substr(0, count));
  co_await unpacker.finish();
  co_return 0;
}

class InputBody final : public http::Body {
 public:
  explicit InputBody(io::EpollLoop& loop) : input_(loop) {}
  Task<std::size_t> read(std::span<std::byte> into) override { return input_.read(into); }

 private:
  StandardInput input_;
};

Task<Place> remote_place(Daemon& daemon, End to, std::string from, bool from_folder) {
  Remote remote = co_await look_at(daemon, to);
  if (remote.folder) co_return Place{to.path, wants_content(from) ? "." : base_of(from)};
  if (remote.exists && from_folder) co_return invalid("cannot copy a directory onto a file: {}", to.path);
  if (!remote.exists && to.path.ends_with('/') && !from_folder)
    co_return not_found("{}: no such directory in the container", to.path);
  co_return Place{folder_of(to.path), base_of(to.path)};
}

Task<int> copy_in(Call call, std::string from, End to) {
  std::unique_ptr<http::Body> body;
  Daemon::Query query;
  if (from == "-") {
    body = std::make_unique<InputBody>(call.daemon.loop());
    query.add("path", to.path);
  } else {
    struct stat found{};
    bool follow = call.flags.on("follow-link") || from.ends_with('/') || wants_content(from);
    if ((follow ? ::stat(from.c_str(), &found) : ::lstat(from.c_str(), &found)) < 0)
      co_return failed_errno(errno, "look at {}", from);
    Place place = co_await remote_place(call.daemon, to, from, S_ISDIR(found.st_mode));
    char resolved[4096];
    if (follow && ::realpath(from.c_str(), resolved) == nullptr)
      co_return failed_errno(errno, "resolve {}", from);
    body = std::make_unique<PackedTree>(follow ? resolved : from, place.name);
    query.add("path", place.folder);
    query.add("noOverwriteDirNonDir", "true");
  }
  if (call.flags.on("archive")) query.add("copyUIDGID", "true");
  (void)co_await call.daemon.ask({.method = "PUT",
                                  .path = text("/containers/{}/archive", to.container),
                                  .query = query,
                                  .headers = {{"Content-Type", "application/x-tar"}},
                                  .streamed = body.get()});
  co_return 0;
}

Task<int> copy(Call call) {
  End from = parse_end(call.argument(0)), to = parse_end(call.argument(1));
  if (!from.container.empty() && !to.container.empty())
    co_return invalid("copying between containers is not supported");
  if (from.container.empty() && to.container.empty())
    co_return invalid("must specify at least one container source");
  if (!from.container.empty()) co_return co_await copy_out(call, from, to.path);
  co_return co_await copy_in(call, from.path, to);
}

using enum FlagKind;

constexpr Flag copy_flags[] = {
    {"archive", 'a', toggle, "Archive mode (copy all uid/gid information)"},
    {"follow-link", 'L', toggle, "Always follow symbol link in SRC_PATH"},
    {"quiet", 'q', toggle, ""},
};

}  // namespace

std::span<const Command> copy_commands() {
  static constexpr Command table[] = {
      {"cp|container cp", "CONTAINER:SRC_PATH DEST_PATH|-  or  SRC_PATH|- CONTAINER:DEST_PATH",
       "Copy files/folders between a container and the local filesystem", copy_flags, 2, 2, copy}};
  return table;
}

}  // namespace podo::cli
