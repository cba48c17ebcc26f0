#include "cli/build_display.h"

#include <stdlib.h>

#include "base/format/json_writer.h"
#include "cli/console/daemon.h"
#include "cli/console/output.h"
#include "cli/console/terminal.h"

namespace podo::cli {
namespace {

class PlainDisplay final : public BuildDisplay {
 public:
  void take(json::Value event, Monotonic now) override {
    std::vector<BuildStep::Line> lines;
    const BuildStep* step = log_.take(event, now, lines);
    std::string kind = get_text(event, "event");
    if (kind == "note" && log_.failed() != nullptr) return;  // the report says what to do
    if (step == nullptr) {
      if (kind == "note") say(nullptr, text("#0 {}\n", get_text(event, "text")));
      return;
    }
    std::string out;
    if (kind == "started" && step->is_shown()) out = heading(*step);
    if (kind == "note") out = text("#{} {}\n", step->number, get_text(event, "text"));
    for (const BuildStep::Line& line : lines)
      out += text("#{} {} {}\n", step->number, stamp(line.at), line.text);
    if (kind == "progress") out += progress(*step, event.find("progress"));
    if (kind == "done" && step->is_shown()) out += outcome(*step);
    if (kind == "failed") out += text("#{} ERROR: {}\n", step->number, first_line(get_text(event, "text")));
    if (!out.empty()) say(step, std::move(out));
  }

 private:
  static std::string heading(const BuildStep& step) { return text("#{} {}\n", step.number, step.name); }
  static std::string outcome(const BuildStep& step) {
    if (step.state == BuildStep::State::cached) return text("#{} CACHED\n", step.number);
    return text("#{} DONE {}\n", step.number, tenths(step.took));
  }
  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

  // Counts of bytes are for terminals; each new word about a layer is a line.
  static std::string progress(const BuildStep& step, json::Value progress) {
    std::string status = get_text(progress, "status"), id = get_text(progress, "id");
    if (status.empty() || get_number(progress, "total") > 0) return "";
    return text("#{} {}{}\n", step.number, id.empty() ? "" : id + ": ", status);
  }

  static std::string stamp(Duration at) {
    std::int64_t ms = at.ns / 1'000'000;
    std::string fraction = text("{}", ms % 1000);
    return text("{}.{}{}", ms / 1000, std::string(3 - fraction.size(), '0'), fraction);
  }

  // Another step's lines begin with an empty one and the step's name.
  void say(const BuildStep* step, std::string lines) {
    int number = step != nullptr ? step->number : 0;
    if (number != last_) {
      if (step != nullptr && step->is_shown() && !lines.starts_with(heading(*step)))
        lines.insert(0, heading(*step));
      if (last_ >= 0) lines.insert(0, "\n");
    }
    last_ = number;
    print_error_bytes(lines);
  }

  int last_ = -1;
};

class TerminalDisplay final : public BuildDisplay {
 public:
  TerminalDisplay() {
    const char* no_colour = ::getenv("NO_COLOR");
    screen_.colours = no_colour == nullptr || *no_colour == '\0';
  }
  ~TerminalDisplay() override {
    if (begun_) print_error_bytes("\x1b[?25h");
  }

  void take(json::Value event, Monotonic now) override {
    if (!begun_) {
      start_ = now;
      print_error_bytes("\x1b[?25l");  // no cursor that jumps
      begun_ = true;
    }
    std::vector<BuildStep::Line> lines;
    log_.take(event, now, lines);
    if (get_text(event, "event") == "note" && get_number(event, "step") == 0 && log_.failed() == nullptr)
      notes_.push_back(get_text(event, "text"));
  }
  void tick(Monotonic now) override {
    if (begun_) draw(now, false);
  }
  void finish(Monotonic now) override {
    if (!begun_) return;
    draw(now, true);
    for (const std::string& note : notes_) print_error_bytes(text(" => {}\n", note));
    print_error_bytes("\x1b[?25h");
    begun_ = false;
  }

 private:
  // One write, inside a synchronized update, each line cleared only behind its end: nothing flickers.
  void draw(Monotonic now, bool is_over) {
    TerminalSize size = terminal_size(2);
    // The last column stays free: what terminals do behind it differs.
    if (size.columns > 1) screen_.columns = size.columns - 1;
    screen_.rows = is_over ? SIZE_MAX : size.rows > 0 ? size.rows : 24;
    std::vector<std::string> lines = draw_build(log_, now - start_, is_over, now, screen_);
    std::string out = "\x1b[?2026h";
    if (drawn_ > 0) out += text("\x1b[{}A", drawn_);
    for (const std::string& line : lines) out += "\r" + line + "\x1b[K\n";
    out += "\x1b[J\x1b[?2026l";
    print_error_bytes(out);
    drawn_ = lines.size();
  }

  BuildScreen screen_;
  Monotonic start_;
  std::size_t drawn_ = 0;
  std::vector<std::string> notes_;
  bool begun_ = false;
};

class EventsDisplay final : public BuildDisplay {
 public:
  void take(json::Value event, Monotonic now) override {
    std::vector<BuildStep::Line> lines;
    log_.take(event, now, lines);
    json::Writer out;
    print_error_bytes(out.value(event).take() + "\n");
  }
};

// Keeps everything, for the case that it fails.
class QuietDisplay final : public BuildDisplay {
 public:
  void take(json::Value event, Monotonic now) override {
    std::vector<BuildStep::Line> lines;
    log_.take(event, now, lines);
  }
};

}  // namespace

Result<std::unique_ptr<BuildDisplay>> make_build_display(std::string_view progress) {
  if (progress == "quiet" || progress == "none") return std::make_unique<QuietDisplay>();
  if (progress == "plain") return std::make_unique<PlainDisplay>();
  if (progress == "json" || progress == "rawjson") return std::make_unique<EventsDisplay>();
  if (progress == "tty" && !is_terminal(2)) return invalid("--progress=tty: standard error is no terminal");
  if (progress == "tty" || (progress == "auto" && is_terminal(2))) return std::make_unique<TerminalDisplay>();
  if (progress == "auto") return std::make_unique<PlainDisplay>();
  return invalid("invalid progress \"{}\": auto, plain, tty, json and quiet are known", progress);
}

}  // namespace podo::cli
