// podo build
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/io/combine.h"
#include "base/io/signals.h"
#include "cli/build_answer.h"
#include "cli/build_display.h"
#include "cli/build_report.h"
#include "cli/build_request.h"
#include "cli/command.h"
#include "cli/console/terminal.h"
#include "cli/console/units.h"
#include "cli/container_flags.h"
#include "cli/foreground.h"
#include "model/oci/image.h"

namespace podo::cli {
namespace {

constexpr int interrupted = 128;  // and the signal's number
constexpr Duration between_draws = milliseconds(100);

Result<> write_file(const std::string& path, std::string_view bytes) {
  io::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return failed_errno(errno, "create {}", path);
  if (::write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    return failed_errno(errno, "write {}", path);
  return {};
}

Task<void> redraw(BuildDisplay& display) {
  for (SystemClock clock;;) {
    co_await io::sleep(between_draws);
    display.tick(clock.now());
  }
}

// One run of the command.
class Building {
 public:
  Building(Call call, BuildContext context, BuildOutput output, std::unique_ptr<BuildDisplay> display)
      : call_(call),
        context_(std::move(context)),
        output_(std::move(output)),
        display_(std::move(display)),
        source_{context_.dockerfile.substr(context_.dockerfile.rfind('/') + 1),
                dockerfile_text_of(context_)} {}

  Task<int> run() {
    io::Signals signals(call_.daemon.loop(), {SIGINT, SIGTERM});
    std::vector<Task<int>> either;
    either.push_back(build());
    either.push_back(cancelled(signals));
    co_return co_await io::first(std::move(either));
  }

 private:
  bool quiet() const { return call_.flags.on("quiet"); }
  bool checks() const { return call_.flags.on("check") || call_.flags.text("call") == "check"; }

  Task<int> cancelled(io::Signals& signals) {
    int number = co_await signals.next();
    display_->finish(clock_.now());
    complain("ERROR: the build was cancelled");
    co_return interrupted + number;
  }

  Task<int> build() {
    http::Response response = co_await ask();
    io::TaskGroup beside(call_.daemon.loop());
    beside.spawn(redraw(*display_));
    BuildTakers takers{.event = [this](json::Value event) { display_->take(event, clock_.now()); },
                       .archive = [this](std::string_view bytes) -> Result<> {
                         return output_.taker != nullptr ? output_.taker->take(bytes) : Result<>();
                       }};
    Result<BuildEnd> end = co_await read_build_answer(*response.body, takers).result();
    beside.cancel();
    co_await beside.join();
    display_->finish(clock_.now());
    if (!end) co_return Failure(std::move(end).error());
    if (!end->problem.empty()) co_return co_await failed(*end);
    co_return co_await succeeded(*end);
  }

  bool daemon_is_local() const {
    return call_.daemon.address().starts_with("unix:") || call_.daemon.address().starts_with('/');
  }

  // In place when the daemon sees the same folder; else all of it goes there.
  Task<http::Response> ask() {
    bool in_place = daemon_is_local() && !context_.folder.empty();
    if (in_place) {
      Result<http::Response> response = co_await ask_once(true, nullptr).result();
      if (response || response.error().kind() != ErrorKind::conflict) co_return std::move(response);
    }
    if (!context_.folder.empty()) packed_ = co_await pack_build_context(context_);
    co_return co_await ask_once(false, context_.folder.empty() ? context_.archive.get() : packed_.get());
  }

  Task<http::Response> ask_once(bool in_place, http::Body* archive) {
    std::string wish = co_await build_wish_of(call_.flags, context_, output_, in_place);
    Daemon::Headers headers{{"Content-Type", "application/vnd.podo.build"},
                            {"Accept", "application/vnd.podo.build.events+json"}};
    if (std::string config = co_await registry_config(call_.daemon); !config.empty())
      headers.add("X-Registry-Config", config);
    body_ = std::make_unique<WishAndArchive>(wish + "\n", archive);
    co_return co_await call_.daemon.ask({.method = "POST",
                                         .path = "/build",
                                         .query = co_await build_query_of(call_.flags, context_, output_),
                                         .headers = std::move(headers),
                                         .streamed = body_.get()});
  }

  Task<int> succeeded(BuildEnd end) {
    const Flags& flags = call_.flags;
    if (output_.taker != nullptr) co_await output_.taker->finish();
    if (checks()) {
      co_await print(check_report(display_->log(), source_));
      co_return display_->log().warnings().empty() ? 0 : 1;
    }
    if (!flags.text("iidfile").empty())
      co_await write_file(flags.text("iidfile"), end.image.empty() ? end.digest : end.image);
    if (!flags.text("metadata-file").empty())
      co_await write_file(flags.text("metadata-file"), metadata_of(end));
    if (quiet()) {
      if (!end.image.empty()) co_await print(end.image + "\n");
      co_return 0;
    }
    if (!end.unused_arguments.empty())
      complain(
          text("[Warning] One or more build-args [{}] were not consumed", join(end.unused_arguments, " ")));
    print_error_bytes(warnings_report(display_->log()));
    if (!end.image.empty()) complain(text("Successfully built {}", short_id(end.image)));
    if (end.image.empty()) co_return 0;  // nothing in the daemon has those names
    for (const std::string& name : end.named) complain(text("Successfully tagged {}", familiar(name)));
    co_return 0;
  }

  static std::string familiar(const std::string& name) {
    Result<oci::Reference> reference = oci::Reference::parse(name);
    return reference ? reference->familiar() : name;
  }

  static std::string metadata_of(const BuildEnd& end) {
    json::Writer out(json::Layout::indented);
    out.object();
    if (!end.image.empty()) out.key("containerimage.config.digest").string(end.image);
    if (!end.digest.empty()) out.key("containerimage.digest").string(end.digest);
    if (!end.named.empty()) out.key("image.name").string(join(end.named, ","));
    return out.end().take() + "\n";
  }

  Task<int> failed(BuildEnd end) {
    bool plain = call_.flags.text("progress") == "plain" || !is_terminal(2);
    print_error_bytes(failure_report(display_->log(), end, source_, !plain || quiet()));
    const BuildStep* step = display_->log().failed();
    if (step != nullptr && !step->debug_image.empty() && is_terminal(0) && is_terminal(1))
      co_await look_around(step->debug_image);
    co_return end.exit_code != 0 ? end.exit_code : 1;
  }

  // A shell in what the failed command found; it is gone afterwards.
  Task<void> look_around(std::string image) {
    complain("A shell in the last good state; its end is the end of the build.");
    docker::CreateRequest request;
    request.config.image = image;
    request.config.entrypoint = docker::Strings{"/bin/sh"};
    request.config.cmd = docker::Strings();
    request.config.tty = request.config.open_stdin = request.config.stdin_once = true;
    request.config.attach_stdin = request.config.attach_stdout = request.config.attach_stderr = true;
    request.host_config.auto_remove = true;
    json::Document made = co_await call_.daemon.post("/containers/create", {}, encode(request));
    (void)co_await bring_to_foreground(
        call_.daemon,
        {.id = get_text(made.root(), "Id"), .tty = true, .input = true, .errors = true, .removed = true})
        .result();
    (void)co_await call_.daemon.remove("/images/" + image).result();
  }

  class WishAndArchive final : public http::Body {
   public:
    WishAndArchive(std::string wish, http::Body* archive) : wish_(std::move(wish)), archive_(archive) {}
    Task<std::size_t> read(std::span<std::byte> into) override {
      co_await io::checkpoint();
      if (wish_.empty()) co_return archive_ != nullptr ? co_await archive_->read(into) : 0;
      std::size_t count = std::min(into.size(), wish_.size());
      std::copy_n(io::bytes_of(wish_).begin(), count, into.begin());
      wish_.erase(0, count);
      co_return count;
    }

   private:
    std::string wish_;
    http::Body* archive_;
  };

  Call call_;
  BuildContext context_;
  BuildOutput output_;
  std::unique_ptr<BuildDisplay> display_;
  BuildSource source_;
  std::unique_ptr<http::Body> packed_, body_;
  SystemClock clock_;
};

Result<> check_flags(const Flags& flags) {
  std::string call = flags.text("call");
  if (call != "build" && call != "check") return unsupported("--call={}: build and check are known", call);
  return {};
}

Task<int> build(Call call) {
  co_await check_flags(call.flags);
  bool shows_nothing = call.flags.on("quiet") || call.flags.on("check") || call.flags.text("call") == "check";
  auto display = co_await make_build_display(shows_nothing ? "quiet" : call.flags.text("progress"));
  BuildContext context =
      co_await find_build_context(call.daemon.loop(), call.argument(0), call.flags.text("file"));
  bool local = call.daemon.address().starts_with("unix:") || call.daemon.address().starts_with('/');
  BuildOutput output = co_await build_output_of(call.flags, local);
  Building building(call, std::move(context), std::move(output), std::move(display));
  co_return co_await building.run();
}

}  // namespace

std::span<const Command> build_commands() {
  static const Command table[] = {
      {.names = "build|image build|builder build|buildx build",
       .arguments = "PATH | URL | -",
       .summary = "Build an image from a Dockerfile",
       .least = 1,
       .most = 1,
       .perform = build,
       .more_flags = build_flags},
  };
  return table;
}

}  // namespace podo::cli
