#include "cli/progress.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "cli/console/output.h"
#include "cli/console/terminal.h"
#include "cli/console/units.h"
#include "container/registry_client/registry.h"

namespace podo::cli {

using io::Task;

Progress::Progress(To to) : fd_(static_cast<int>(to)), terminal_(is_terminal(fd_)) {
  if (TerminalSize size = terminal_size(fd_); size.columns > 0) columns_ = size.columns;
}

Result<> Progress::write(std::string_view bytes) {
  if (fd_ == 1) return print(bytes);
  print_error_bytes(bytes);
  return {};
}

std::string progress_bar(std::int64_t current, std::int64_t total, std::size_t columns) {
  if (current <= 0 && total <= 0) return "";
  auto size = [](std::int64_t bytes) { return human_size(static_cast<double>(bytes)); };
  if (total <= 0) return size(current);
  std::string numbers = text("{}/{}", size(std::min(current, total)), size(total));
  if (columns < 110) return numbers;
  auto done = static_cast<std::size_t>(std::min(current, total) * 50 / total);
  std::string bar = std::string(done, '=') + (done < 50 ? ">" : "");
  return text("[{}{}] {}", bar, std::string(bar.size() < 50 ? 50 - bar.size() : 0, ' '), numbers);
}

// The line of `id` is so many lines above the cursor; a new one goes below all.
Result<> Progress::rewrite(const std::string& id, const std::string& line) {
  auto found = std::ranges::find(ids_, id);
  if (found == ids_.end()) {
    ids_.push_back(id);
    return write("\x1b[2K" + line + "\n");
  }
  auto above = static_cast<std::size_t>(ids_.end() - found);
  return write(text("\x1b[{}A\x1b[2K\r{}\r\x1b[{}B", above, line, above));
}

Result<> Progress::take(json::Value message) {
  std::string problem = get_text(message.find("errorDetail"), "message");
  if (problem.empty()) problem = get_text(message, "error");
  if (!problem.empty()) return fail(ErrorKind::unavailable, problem);
  if (message.find("aux").present() && !message.find("status").present()) return {};
  if (std::string stream = get_text(message, "stream"); !stream.empty()) return write(stream);
  std::string id = get_text(message, "id"), status = get_text(message, "status");
  json::Value detail = message.find("progressDetail");
  std::int64_t current = get_number(detail, "current"), total = get_number(detail, "total");
  bool moves = current > 0 || total > 0;
  if (!terminal_) {
    if (moves || status.empty()) return {};
    return write((id.empty() ? "" : id + ": ") + status + "\n");
  }
  if (id.empty()) {
    ids_.clear();
    return write(status + "\n");
  }
  return rewrite(id, text("{}: {} {}", id, status, progress_bar(current, total, columns_)));
}

Task<void> show_progress(http::Response response, Progress::To to) {
  Progress progress(to);
  co_await Daemon::each_value(*response.body, [&](json::Value message) -> Result<bool> {
    TRY(progress.take(message));
    return true;
  });
}

std::string config_folder() {
  const char *folder = ::getenv("DOCKER_CONFIG"), *home = ::getenv("HOME");
  if (folder != nullptr) return folder;
  return (home != nullptr ? home : "/root") + std::string("/.docker");
}

Task<std::string> registry_auth(Daemon& daemon, std::string domain) {
  Result<image::Credentials> credentials =
      co_await image::find_credentials(daemon.loop(), config_folder(), domain).result();
  if (!credentials) {
    complain(
        text("WARNING: the credentials of {} cannot be read: {}", domain, credentials.error().message()));
    co_return "";
  }
  co_return credentials->empty() ? "" : image::encode_registry_auth(*credentials, domain);
}

Task<void> pull_image(Daemon& daemon, Pull pull, Progress::To to) {
  oci::Reference reference = co_await oci::Reference::parse(pull.reference);
  Daemon::Query query;
  query.add("fromImage", reference.familiar_name());
  if (!pull.all_tags) query.add("tag", reference.digest.empty() ? reference.tag : reference.digest);
  if (!pull.platform.empty()) query.add("platform", pull.platform);
  Daemon::Headers headers;
  std::string auth = co_await registry_auth(daemon, reference.domain);
  if (!auth.empty()) headers.add("X-Registry-Auth", auth);
  http::Response response =
      co_await daemon.ask({.method = "POST", .path = "/images/create", .query = query, .headers = headers});
  if (!pull.quiet) co_return co_await show_progress(std::move(response), to);
  co_await Daemon::each_value(*response.body, [](json::Value message) -> Result<bool> {
    std::string problem = get_text(message.find("errorDetail"), "message");
    if (problem.empty()) problem = get_text(message, "error");
    if (!problem.empty()) return fail(ErrorKind::unavailable, problem);
    return true;
  });
}

}  // namespace podo::cli
