#include "container/docker/build_progress.h"

#include <algorithm>

#include "container/builder/step_failed.h"
#include "container/docker/progress.h"

namespace podo::docker {
namespace {

using Kind = BuildEvent::Kind;

constexpr std::size_t held_max = 1u << 20;  // a step's output before its turn

std::string short_state(std::string_view id) {
  if (id.starts_with("sha256:")) id.remove_prefix(7);
  return std::string(id.substr(0, 12));
}

// How many bytes at the end are the beginning of a character.
std::size_t begun_at_end(std::string_view text) {
  for (std::size_t count = 1; count <= std::min<std::size_t>(3, text.size()); ++count) {
    const auto byte = static_cast<unsigned char>(text[text.size() - count]);
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;  // goes on with a character
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > count ? count : 0;
  }
  return 0;
}

}  // namespace

std::string WholeCharacters::pass(const BuildEvent& output) {
  std::string& begun = begun_[{output.step, output.error}];
  std::string whole = std::exchange(begun, {}) + output.text;
  const std::size_t cut = begun_at_end(whole);
  begun.assign(whole, whole.size() - cut);
  whole.resize(whole.size() - cut);
  return whole;
}

void ClassicProgress::tell(int step, std::string_view lines) {
  if (step <= turn_) tell_(lines);
  else steps_[step].held += lines;
}

void ClassicProgress::tell_output(const BuildEvent& event) {
  if (event.text.empty()) return;
  Step& step = steps_[event.step];
  if (event.step > turn_ && step.held.size() > held_max) {
    step.left_out += event.text.size();
    return;
  }
  tell(event.step, stream_line(event.error ? text("\x1b[91m{}\x1b[0m", event.text) : event.text));
}

void ClassicProgress::release(Step& step) {
  tell_(std::exchange(step.held, {}));
  if (step.left_out != 0) tell_(stream_line(text("[{} bytes of output are left out]\n", step.left_out)));
  step.left_out = 0;
}

void ClassicProgress::tell_done(const BuildEvent& event) {
  Step& step = steps_[event.step];
  std::string lines;
  if (event.cached && !step.is_from) lines += stream_line(" ---> Using cache\n");
  if (!step.container.empty() && removes_)
    lines += stream_line(text(" ---> Removed intermediate container {}\n", step.container));
  lines += stream_line(text(" ---> {}\n", short_state(event.state)));
  tell(event.step, lines);
  step.is_done = true;
  if (event.step != turn_) return;
  steps_.erase(turn_++);
  for (auto next = steps_.find(turn_); next != steps_.end(); next = steps_.find(turn_)) {
    release(next->second);
    if (!next->second.is_done) return;
    steps_.erase(turn_++);
  }
}

void ClassicProgress::take(const BuildEvent& event) {
  switch (event.kind) {
    case Kind::planned: total_ = event.total; return;
    case Kind::started:
      steps_[event.step].is_from = event.text.starts_with("FROM");
      return tell(event.step, stream_line(text("Step {}/{} : {}\n", event.step, total_, event.text)));
    case Kind::running:
      steps_[event.step].container = short_state(event.state);
      return tell(event.step, stream_line(text(" ---> Running in {}\n", steps_[event.step].container)));
    case Kind::output: {
      BuildEvent whole = event;
      whole.text = characters_.pass(event);
      return tell_output(whole);
    }
    case Kind::progress:
      if (event.step <= turn_ || event.progress.total == 0) tell(event.step, progress_line(event.progress));
      return;
    case Kind::done: return tell_done(event);
    case Kind::failed: steps_[event.step].failed = true; return;
    case Kind::warning:
      if (event.rule.empty()) tell(event.step, stream_line(text("[Warning] {}\n", event.text)));
      return;
    case Kind::note:
      if (event.step > 0) tell(event.step, stream_line(text("# {}\n", event.text)));
      return;
  }
}

void ClassicProgress::finish() {
  for (auto& [number, step] : steps_)
    if (step.failed && number > turn_) release(step);
}

namespace {

std::string_view name_of_kind(Kind kind) {
  switch (kind) {
    case Kind::planned: return "planned";
    case Kind::started: return "started";
    case Kind::running: return "running";
    case Kind::output: return "output";
    case Kind::progress: return "progress";
    case Kind::done: return "done";
    case Kind::failed: return "failed";
    case Kind::warning: return "warning";
    case Kind::note: return "note";
  }
  return "note";
}

int exit_code_of(const Error& error) {
  const auto failed = builder::step_failed(error);
  return failed ? failed->exit_code : 0;
}

void text_member(json::Writer& out, std::string_view key, std::string_view value) {
  if (!value.empty()) out.key(key).string(value);
}
template <class N>
void number_member(json::Writer& out, std::string_view key, N value) {
  if (value != 0) out.key(key).number(value);
}
void truth_member(json::Writer& out, std::string_view key, bool value) {
  if (value) out.key(key).boolean(true);
}
void list_member(json::Writer& out, std::string_view key, const std::vector<std::string>& values) {
  out.key(key).array();
  for (const auto& value : values) out.string(value);
  out.end();
}

}  // namespace

std::string event_line(const BuildEvent& event) {
  json::Writer out;
  out.object().key("event").string(name_of_kind(event.kind));
  number_member(out, "step", event.step);
  number_member(out, "total", event.total);
  number_member(out, "line", event.line);
  number_member(out, "exitCode", event.exit_code);
  text_member(out, "text", event.text);
  text_member(out, "name", event.name);
  text_member(out, "stage", event.stage);
  text_member(out, "state", event.state);
  text_member(out, "rule", event.rule);
  truth_member(out, "cached", event.cached);
  truth_member(out, "error", event.error);
  number_member(out, "tookNs", event.took.ns);
  if (event.kind == Kind::progress) {
    out.key("progress").object();
    text_member(out, "id", event.progress.id);
    text_member(out, "status", event.progress.status);
    number_member(out, "current", event.progress.current);
    number_member(out, "total", event.progress.total);
    out.end();
  }
  return out.end().take() + "\n";
}

std::string result_line(const builder::BuildResult& result) {
  json::Writer out;
  out.object().key("result").object();
  text_member(out, "image", result.image != nullptr ? result.image->id : "");
  text_member(out, "digest", result.digest);
  list_member(out, "named", result.named);
  list_member(out, "unusedArguments", result.unused_arguments);
  return out.end().end().take() + "\n";
}

std::string failure_event_line(const Error& error) {
  json::Writer out;
  out.object().key("error").object().key("kind").string(name_of(error.kind()));
  out.key("message").string(message_of(error));
  number_member(out, "exitCode", exit_code_of(error));
  return out.end().end().take() + "\n";
}

std::string classic_failure_line(const Error& error) {
  const std::string message = message_of(error);
  json::Writer out;
  out.object().key("errorDetail").object();
  number_member(out, "code", exit_code_of(error));
  out.key("message").string(message).end();
  return out.key("error").string(message).end().take() + "\r\n";
}

}  // namespace podo::docker
