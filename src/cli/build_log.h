// What a build has told so far: its steps, what they printed last, warnings. Both displays and the report of
// a failure are made from it. Values only; times are the client's.
//
//   event := a line of the daemon's answer (container/docker/build_progress.h)
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/format/json.h"

namespace podo::cli {

struct BuildStep {
  enum class State : std::uint8_t { running, done, cached, failed };
  int number = 0, line = 0;
  std::string name, text;  // "[builder 2/4] RUN make", "RUN make"
  State state = State::running;
  Monotonic started;
  Duration took;
  struct Line {
    Duration at;  // since the step began
    std::string text;
  };
  std::deque<Line> tail;                         // the last lines of its output, whole ones
  std::string unfinished;                        // the line it is writing
  std::string debug_image;                       // of a failed one: the tree as it was before
  std::map<std::string, std::string> transfers;  // "a1b2c3" -> "Downloading 3MB/10MB", while they go on

  // A change of the configuration alone is no step worth a line.
  bool is_shown() const {
    return state == State::failed || (name.starts_with('[') && name.substr(0, name.find(']')).contains('/'));
  }
};

struct BuildWarning {
  std::string rule, text;
  int line = 0;
};

class BuildLog {
 public:
  static constexpr std::size_t tail_max = 40;

  // The step it is about, or null. `lines`: those that became whole by it.
  BuildStep* take(json::Value event, Monotonic now, std::vector<BuildStep::Line>& lines);

  const std::map<int, BuildStep>& steps() const { return steps_; }
  int total() const { return total_; }
  int done() const;
  const BuildStep* failed() const;
  const std::vector<BuildWarning>& warnings() const { return warnings_; }

 private:
  void add_output(BuildStep& step, std::string_view text, Monotonic now, std::vector<BuildStep::Line>& lines);
  void add_progress(BuildStep& step, json::Value progress);

  std::map<int, BuildStep> steps_;
  std::vector<BuildWarning> warnings_;
  int total_ = 0;
};

}  // namespace podo::cli
