#include "cli/build_report.h"

#include <algorithm>

#include "cli/build_display.h"
#include "cli/console/units.h"

namespace podo::cli {
namespace {

constexpr std::string_view ruler = "--------------------\n";

// What of the step's output is worth repeating.
std::string last_lines(const BuildStep& step) {
  constexpr std::size_t lines_max = 20;
  std::string out = text("------\n > {}:\n", step.name);
  std::size_t from = step.tail.size() - std::min(step.tail.size(), lines_max);
  for (std::size_t i = from; i < step.tail.size(); ++i)
    out += text("{} {}\n", tenths(step.tail[i].at), step.tail[i].text);
  return out + "------\n";
}

std::string page_of(std::string_view rule) {
  std::string page = "https://docs.docker.com/go/dockerfile/rule/";
  for (std::size_t i = 0; i < rule.size(); ++i) {
    bool upper = rule[i] >= 'A' && rule[i] <= 'Z';
    bool after_lower = i > 0 && (rule[i - 1] < 'A' || rule[i - 1] > 'Z');
    bool before_lower = i > 0 && i + 1 < rule.size() && rule[i + 1] >= 'a' && rule[i + 1] <= 'z';
    if (upper && (after_lower || before_lower)) page += '-';
    page += static_cast<char>(upper ? rule[i] | 0x20 : rule[i]);
  }
  return page + "/";
}

}  // namespace

std::string excerpt(const BuildSource& source, int line) {
  if (!source.text || line <= 0) return "";
  std::vector<std::string> lines = split(*source.text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  auto count = static_cast<int>(lines.size());
  if (line > count) return "";
  std::string out = text("{}:{}\n{}", source.name, line, ruler);
  for (int at = std::max(1, line - 3); at <= std::min(count, line + 3); ++at) {
    std::string number = text("{}", at);
    out += text("{}{} | {} {}\n", std::string(4 - std::min<std::size_t>(4, number.size()), ' '), number,
                at == line ? ">>>" : "   ", lines[static_cast<std::size_t>(at - 1)]);
  }
  return out + std::string(ruler);
}

std::string failure_report(const BuildLog& log, const BuildEnd& end, const BuildSource& source,
                           bool shows_output) {
  std::string out;
  const BuildStep* step = log.failed();
  bool has_place = end.problem.contains(source.name + ":");
  if (step != nullptr && shows_output && !step->tail.empty()) out += last_lines(*step);
  if (step != nullptr && !has_place) out += excerpt(source, step->line);
  out += text("ERROR: {}\n", end.problem);
  if (step == nullptr || end.exit_code == 0) return out;
  if (step->debug_image.empty()) {
    out += "To look around where it failed, build again with --debug-shell\n";
  } else {
    out += text("To look around where it failed: podo run --rm -it {} sh\n", short_id(step->debug_image));
  }
  return out;
}

std::string warnings_report(const BuildLog& log) {
  const std::vector<BuildWarning>& warnings = log.warnings();
  if (warnings.empty()) return "";
  std::string out = text("\n {} warning{} found (podo build --check shows more):\n", warnings.size(),
                         warnings.size() == 1 ? "" : "s");
  for (const BuildWarning& warning : warnings) {
    std::string place = warning.line > 0 ? text(" (line {})", warning.line) : "";
    out += text(" - {}{}{}{}\n", warning.rule, warning.rule.empty() ? "" : ": ", warning.text, place);
  }
  return out;
}

std::string check_report(const BuildLog& log, const BuildSource& source) {
  const std::vector<BuildWarning>& warnings = log.warnings();
  if (warnings.empty()) return "Check complete, no warnings found.\n";
  std::string out = text("Check complete, {} warning{} been found!\n", warnings.size(),
                         warnings.size() == 1 ? " has" : "s have");
  for (const BuildWarning& warning : warnings) {
    out += text("\nWARNING: {}{}\n{}\n", warning.rule,
                warning.rule.empty() ? "" : " - " + page_of(warning.rule), warning.text);
    std::string place = excerpt(source, warning.line);
    if (place.empty() && warning.line > 0) place = text("{}:{}\n", source.name, warning.line);
    out += place;
  }
  return out;
}

}  // namespace podo::cli
