// How a build is shown while it runs: on a terminal a few lines that are rewritten, elsewhere a line for
// everything, or the daemon's events as they are. Everything goes to standard error: standard output is the
// result's.
//
//   plain                                   terminal
//   #3 [builder 2/4] RUN make               [+] Building 4.2s (3/7)
//   #3 0.123 cc -c a.c                       => [builder 1/4] FROM alpine                    0.4s
//   #3 DONE 0.5s                             => CACHED [stage-1 2/3] COPY . /src             0.0s
//                                            => [builder 2/4] RUN make                       3.1s
//   #4 CACHED                                => => # cc -c a.c
#pragma once

#include <memory>

#include "cli/build_log.h"

namespace podo::cli {

class BuildDisplay {
 public:
  virtual ~BuildDisplay() = default;
  virtual void take(json::Value event, Monotonic now) = 0;
  virtual void tick(Monotonic) {}    // ten times a second
  virtual void finish(Monotonic) {}  // before anything else is printed
  virtual const BuildLog& log() const { return log_; }

 protected:
  BuildLog log_;
};

// "auto", "plain", "tty", "json" ("rawjson"), "quiet"; Invalid: another word.
Result<std::unique_ptr<BuildDisplay>> make_build_display(std::string_view progress);

// The terminal's lines, at most `rows` of `columns`: pure, for tests.
struct BuildScreen {
  std::size_t rows = 24, columns = 80;
  bool colours = false;
};
std::vector<std::string> draw_build(const BuildLog& log, Duration since_start, bool is_over, Monotonic now,
                                    const BuildScreen& screen);
std::string tenths(Duration time);  // "12.3s"
std::string_view cut_to_width(std::string_view text, std::size_t columns);

}  // namespace podo::cli
