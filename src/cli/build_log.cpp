#include "cli/build_log.h"

#include <algorithm>

#include "cli/console/daemon.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

// What a program rewrites on its line ("\r") counts from the last time; escapes that move the cursor would
// tear the display, so only colours stay.
std::string shown(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (std::size_t back = line.rfind('\r'); back != std::string_view::npos) line.remove_prefix(back + 1);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\t') {
      out.append(8 - out.size() % 8, ' ');
    } else if (line.substr(i).starts_with("\x1b[")) {
      std::size_t end = i + 2;
      while (end < line.size() && (line[end] < '@' || line[end] > '~')) ++end;
      if (end < line.size() && line[end] == 'm') out += line.substr(i, end - i + 1);
      i = end;
    } else if (static_cast<unsigned char>(line[i]) >= ' ' && line[i] != '\x7f') {
      out += line[i];
    }
  }
  return out;
}

}  // namespace

int BuildLog::done() const {
  return static_cast<int>(std::ranges::count_if(steps_, [](const auto& step) {
    return step.second.state == BuildStep::State::done || step.second.state == BuildStep::State::cached;
  }));
}

const BuildStep* BuildLog::failed() const {
  auto found = std::ranges::find_if(
      steps_, [](const auto& step) { return step.second.state == BuildStep::State::failed; });
  return found == steps_.end() ? nullptr : &found->second;
}

void BuildLog::add_output(BuildStep& step, std::string_view text, Monotonic now,
                          std::vector<BuildStep::Line>& lines) {
  step.unfinished += text;
  std::size_t start = 0, before = lines.size();
  for (std::size_t end; (end = step.unfinished.find('\n', start)) != std::string::npos; start = end + 1)
    lines.push_back(
        {now - step.started, shown(std::string_view(step.unfinished).substr(start, end - start))});
  step.unfinished.erase(0, start);
  if (step.unfinished.size() > (64 << 10)) step.unfinished.erase(0, 32 << 10);
  step.tail.insert(step.tail.end(), lines.begin() + static_cast<std::ptrdiff_t>(before), lines.end());
  while (step.tail.size() > tail_max) step.tail.pop_front();
}

void BuildLog::add_progress(BuildStep& step, json::Value progress) {
  std::string id = get_text(progress, "id"), status = get_text(progress, "status");
  if (id.empty() || status.empty()) return;
  std::int64_t current = get_number(progress, "current"), total = get_number(progress, "total");
  bool ends = status.ends_with("complete") || status.ends_with("exists");
  if (ends) {
    step.transfers.erase(id);
    return;
  }
  std::string sizes = total > 0 ? text(" {}/{}", human_size(static_cast<double>(current), 3),
                                       human_size(static_cast<double>(total), 3))
                                : "";
  step.transfers[id] = status + sizes;
}

BuildStep* BuildLog::take(json::Value event, Monotonic now, std::vector<BuildStep::Line>& lines) {
  std::string kind = get_text(event, "event");
  if (kind == "planned") {
    total_ = static_cast<int>(get_number(event, "total"));
    return nullptr;
  }
  if (kind == "warning") {
    warnings_.push_back(
        {get_text(event, "rule"), get_text(event, "text"), static_cast<int>(get_number(event, "line"))});
    return nullptr;
  }
  auto number = static_cast<int>(get_number(event, "step"));
  if (number == 0) return nullptr;
  auto [place, is_new] = steps_.try_emplace(number);
  BuildStep& step = place->second;
  if (is_new) {
    step.number = number;
    step.started = now;
  }
  if (kind == "started") {
    step.text = get_text(event, "text");
    step.name = get_text(event, "name");
    step.line = static_cast<int>(get_number(event, "line"));
    if (step.name.empty()) step.name = step.text;
  } else if (kind == "output") {
    add_output(step, get_text(event, "text"), now, lines);
  } else if (kind == "progress") {
    add_progress(step, event.find("progress"));
  } else if (kind == "done" || kind == "failed") {
    if (!step.unfinished.empty()) add_output(step, "\n", now, lines);
    step.transfers.clear();
    bool cached = get_truth(event, "cached");
    step.state = kind == "failed" ? BuildStep::State::failed
                 : cached         ? BuildStep::State::cached
                                  : BuildStep::State::done;
    std::int64_t took = get_number(event, "tookNs");
    step.took = took != 0 ? Duration{took} : now - step.started;
    if (kind == "failed") step.debug_image = get_text(event, "state");
    if (std::int64_t line = get_number(event, "line"); line != 0) step.line = static_cast<int>(line);
  }
  return &step;
}

}  // namespace podo::cli
