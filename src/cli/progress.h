// What pull, push, load and build answer: a stream of JSON objects, shown as docker shows them. On a terminal
// the lines of layers are rewritten in place, with bars; elsewhere each step is a line.
#pragma once

#include "cli/console/daemon.h"

namespace podo::cli {

class Progress {
 public:
  enum class To : int { output = 1, errors = 2 };
  explicit Progress(To to);
  // Fails with the message when the daemon tells of an error.
  Result<> take(json::Value message);

 private:
  Result<> write(std::string_view bytes);
  Result<> rewrite(const std::string& id, const std::string& line);

  int fd_;
  bool terminal_;
  std::size_t columns_ = 80;
  std::vector<std::string> ids_;  // of the lines that can still be rewritten, from above
};

std::string progress_bar(std::int64_t current, std::int64_t total, std::size_t columns);

// Shows the whole stream of an answer.
io::Task<void> show_progress(http::Response response, Progress::To to);

// Pulls as `pull` and `run` do. `quiet`: nothing is shown.
struct Pull {
  std::string reference, platform = {};
  bool all_tags = false, quiet = false;
};
io::Task<void> pull_image(Daemon& daemon, Pull pull, Progress::To to);
// The X-Registry-Auth of a registry, from the client's own credentials.
io::Task<std::string> registry_auth(Daemon& daemon, std::string domain);
std::string config_folder();  // DOCKER_CONFIG, or ~/.docker

}  // namespace podo::cli
