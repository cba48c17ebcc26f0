// podo save, load, export, import, commit
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io/fd.h"
#include "cli/command.h"
#include "cli/console/terminal.h"
#include "cli/console/units.h"
#include "cli/progress.h"
#include "model/oci/image.h"

namespace podo::cli {
namespace {

// A file as the body of a request.
class FileBody final : public http::Body {
 public:
  explicit FileBody(io::Fd fd) : fd_(std::move(fd)) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    co_await io::checkpoint();
    ssize_t count = ::read(fd_.get(), into.data(), into.size());
    if (count < 0) co_return failed_errno(errno, "read the archive");
    co_return static_cast<std::size_t>(count);
  }

 private:
  io::Fd fd_;
};

class InputBody final : public http::Body {
 public:
  explicit InputBody(io::EpollLoop& loop) : input_(loop) {}
  Task<std::size_t> read(std::span<std::byte> into) override { return input_.read(into); }

 private:
  StandardInput input_;
};

Result<std::unique_ptr<http::Body>> open_input(io::EpollLoop& loop, const std::string& path) {
  if (path.empty() || path == "-") {
    if (is_terminal(0))
      return invalid("requested load from stdin, but stdin is a terminal: name a file or redirect");
    return std::make_unique<InputBody>(loop);
  }
  io::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return failed_errno(errno, "open {}", path);
  return std::make_unique<FileBody>(std::move(fd));
}

// Into a file that appears whole or not at all, or to standard output.
Task<void> save_body(http::Body& body, std::string path) {
  bool to_file = !path.empty();
  if (!to_file && is_terminal(1))
    co_await invalid("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  std::string draft = path + ".podo-tmp";
  io::Fd fd;
  if (to_file) {
    fd = io::Fd(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) co_await failed_errno(errno, "create {}", draft);
  }
  std::string bytes(64 << 10, '\0');
  while (std::size_t count = co_await body.read(io::writable_bytes_of(bytes))) {
    std::string_view piece = std::string_view(bytes).substr(0, count);
    if (!to_file) co_await print(piece);
    while (to_file && !piece.empty()) {
      ssize_t written = ::write(fd.get(), piece.data(), piece.size());
      if (written < 0) co_await failed_errno(errno, "write {}", draft);
      piece.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  if (to_file && ::rename(draft.c_str(), path.c_str()) < 0) co_await failed_errno(errno, "rename {}", draft);
}

Task<int> save(Call call) {
  Daemon::Query query;
  for (const std::string& name : call.arguments()) query.add("names", name);
  http::Response response =
      co_await call.daemon.ask({.method = "GET", .path = "/images/get", .query = query});
  co_await save_body(*response.body, call.flags.text("output"));
  co_return 0;
}

Task<int> export_container(Call call) {
  http::Response response =
      co_await call.daemon.ask({.method = "GET", .path = text("/containers/{}/export", call.argument(0))});
  co_await save_body(*response.body, call.flags.text("output"));
  co_return 0;
}

Task<int> load(Call call) {
  std::unique_ptr<http::Body> input = co_await open_input(call.daemon.loop(), call.flags.text("input"));
  Daemon::Query query;
  bool quiet = call.flags.on("quiet") || !is_terminal(1);
  query.add("quiet", quiet ? "1" : "0");
  http::Response response = co_await call.daemon.ask({.method = "POST",
                                                      .path = "/images/load",
                                                      .query = query,
                                                      .headers = {{"Content-Type", "application/x-tar"}},
                                                      .streamed = input.get()});
  co_await show_progress(std::move(response), Progress::To::output);
  co_return 0;
}

Task<void> add_repository(Daemon::Query& query, std::string text) {
  oci::Reference reference = co_await oci::Reference::parse(text);
  query.add("repo", reference.familiar_name());
  query.add("tag", reference.tag);
}

Task<int> import_image(Call call) {
  const Flags& flags = call.flags;
  std::string source = call.argument(0);
  bool remote = source.starts_with("http://") || source.starts_with("https://");
  std::unique_ptr<http::Body> input;
  if (!remote) input = co_await open_input(call.daemon.loop(), source);
  Daemon::Query query;
  query.add("fromSrc", remote ? source : "-");
  if (call.arguments().size() > 1) co_await add_repository(query, call.argument(1));
  for (const std::string& change : flags.all("change")) query.add("changes", change);
  if (flags.given("message")) query.add("message", flags.text("message"));
  if (flags.given("platform")) query.add("platform", flags.text("platform"));
  http::Response response = co_await call.daemon.ask({.method = "POST",
                                                      .path = "/images/create",
                                                      .query = query,
                                                      .headers = {{"Content-Type", "application/x-tar"}},
                                                      .streamed = input.get()});
  co_await show_progress(std::move(response), Progress::To::output);
  co_return 0;
}

Task<int> commit(Call call) {
  const Flags& flags = call.flags;
  Daemon::Query query;
  query.add("container", call.argument(0));
  if (call.arguments().size() > 1) co_await add_repository(query, call.argument(1));
  query.add("comment", flags.text("message"));
  query.add("author", flags.text("author"));
  query.add("pause", flags.on("pause") ? "1" : "0");
  for (const std::string& change : flags.all("change")) query.add("changes", change);
  json::Document made = co_await call.daemon.post("/commit", query);
  co_await print(get_text(made.root(), "Id") + "\n");
  co_return 0;
}

using enum FlagKind;

constexpr Flag output_flags[] = {{"output", 'o', value, "Write to a file, instead of STDOUT"}};
constexpr Flag load_flags[] = {{"input", 'i', value, "Read from tar archive file, instead of STDIN"},
                               {"quiet", 'q', toggle, "Suppress the load output"}};
constexpr Flag import_flags[] = {{"change", 'c', values, "Apply Dockerfile instruction to the created image"},
                                 {"message", 'm', value, "Set commit message for imported image"},
                                 {"platform", 0, value, "Set platform if server is multi-platform capable"}};
constexpr Flag commit_flags[] = {
    {"author", 'a', value, "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"},
    {"change", 'c', values, "Apply Dockerfile instruction to the created image"},
    {"message", 'm', value, "Commit message"},
    {"pause", 'p', toggle, "Pause container during commit", "true"}};

}  // namespace

std::span<const Command> archive_commands() {
  static constexpr Command table[] = {
      {"save|image save", "IMAGE [IMAGE...]",
       "Save one or more images to a tar archive (streamed to STDOUT by default)", output_flags, 1, SIZE_MAX,
       save},
      {"load|image load", "", "Load an image from a tar archive or STDIN", load_flags, 0, 0, load},
      {"import|image import", "file|URL|- [REPOSITORY[:TAG]]",
       "Import the contents from a tarball to create a filesystem image", import_flags, 1, 2, import_image},
      {"export|container export", "CONTAINER", "Export a container's filesystem as a tar archive",
       output_flags, 1, 1, export_container},
      {"commit|container commit", "CONTAINER [REPOSITORY[:TAG]]",
       "Create a new image from a container's changes", commit_flags, 1, 2, commit},
  };
  return table;
}

}  // namespace podo::cli
