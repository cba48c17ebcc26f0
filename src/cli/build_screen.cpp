// The lines of a build on a terminal.
#include <algorithm>

#include "base/format/utf8.h"
#include "cli/build_display.h"

namespace podo::cli {
namespace {

using State = BuildStep::State;

constexpr std::size_t output_lines = 6;  // of a step that runs
constexpr std::string_view blue = "\x1b[34m", red = "\x1b[31m", yellow = "\x1b[33m", faint = "\x1b[2m",
                           plain = "\x1b[0m";

std::string coloured(std::string line, std::string_view colour, const BuildScreen& screen) {
  if (!screen.colours || colour.empty()) return line;
  return text("{}{}{}", colour, line, plain);
}

// One character and the columns it takes on a terminal: colours and accents take none, East Asian ones two.
struct Glyph {
  std::size_t length = 1, columns = 1;
};

std::uint32_t code_point(std::string_view sequence) {
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(sequence[at]); };
  if (sequence.size() == 1) return byte(0);
  std::uint32_t code = byte(0) & (0x7f >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) code = code << 6 | (byte(i) & 0x3f);
  return code;
}

std::size_t columns_of(std::uint32_t code) {
  constexpr std::uint32_t narrow[][2] = {{0x300, 0x36f}, {0x200b, 0x200f}, {0xfe00, 0xfe0f}};
  constexpr std::uint32_t wide[][2] = {
      {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
      {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
  for (const auto& [first, last] : narrow)
    if (code >= first && code <= last) return 0;
  for (const auto& [first, last] : wide)
    if (code >= first && code <= last) return 2;
  return 1;
}

Glyph glyph_at(std::string_view text) {
  if (text.starts_with('\x1b'))
    return {.length = std::min(text.find('m'), text.size() - 1) + 1, .columns = 0};
  std::size_t length = utf8::sequence_length(text.data(), text.data() + text.size());
  if (length == 0) return {};
  return {.length = length, .columns = columns_of(code_point(text.substr(0, length)))};
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    Glyph glyph = glyph_at(text);
    width += glyph.columns;
    text.remove_prefix(glyph.length);
  }
  return width;
}

// " => [builder 2/4] RUN make            3.1s", the time at the right edge.
std::string with_time(std::string line, const std::string& time, std::size_t columns) {
  std::size_t room = columns > time.size() + 1 ? columns - time.size() - 1 : 0;
  line = cut_to_width(line, room);
  line.append(
      columns > 0 ? std::max<std::size_t>(1, columns - std::min(columns, width_of(line) + time.size())) : 1,
      ' ');
  return line + time;
}

std::string step_line(const BuildStep& step, Monotonic now, const BuildScreen& screen) {
  const char* word = step.state == State::cached ? "CACHED " : step.state == State::failed ? "ERROR " : "";
  Duration took = step.state == State::running ? now - step.started : step.took;
  std::string_view colour = step.state == State::failed    ? red
                            : step.state == State::running ? std::string_view()
                                                           : blue;
  return coloured(with_time(text(" => {}{}", word, step.name), tenths(took), screen.columns), colour, screen);
}

void add_details(std::vector<std::string>& lines, const BuildStep& step, const BuildScreen& screen) {
  for (const auto& [id, progress] : step.transfers)
    lines.push_back(coloured(std::string(cut_to_width(text(" => => {}: {}", id, progress), screen.columns)),
                             faint, screen));
  std::size_t from = step.tail.size() - std::min(step.tail.size(), output_lines);
  for (std::size_t i = from; i < step.tail.size(); ++i) {
    std::string line(cut_to_width(" => => # " + step.tail[i].text, screen.columns));
    lines.push_back(coloured(line + (screen.colours ? "\x1b[0m" : ""), faint, screen));
  }
}

// Too many for the window: finished steps go first, from the top.
void fit(std::vector<std::string>& lines, const std::vector<bool>& may_go, std::size_t rows) {
  std::vector<std::string> kept;
  std::size_t surplus = lines.size() > rows ? lines.size() - rows : 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (surplus > 0 && i < may_go.size() && may_go[i]) {
      --surplus;
      continue;
    }
    kept.push_back(std::move(lines[i]));
  }
  if (surplus > 0) kept.resize(kept.size() - std::min(surplus, kept.size() - 1));
  lines = std::move(kept);
}

}  // namespace

std::string tenths(Duration time) {
  std::int64_t tenths = std::max<std::int64_t>(0, time.ns) / 100'000'000;
  return text("{}.{}s", tenths / 10, tenths % 10);
}

std::string_view cut_to_width(std::string_view text, std::size_t columns) {
  std::size_t taken = 0;
  while (taken < text.size()) {
    Glyph glyph = glyph_at(text.substr(taken));
    if (glyph.columns > columns) break;
    columns -= glyph.columns;
    taken += glyph.length;
  }
  return text.substr(0, taken);
}

std::vector<std::string> draw_build(const BuildLog& log, Duration since_start, bool is_over, Monotonic now,
                                    const BuildScreen& screen) {
  std::vector<std::string> lines;
  std::vector<bool> may_go{false};
  const char* word = log.failed() != nullptr || !is_over || log.done() == log.total() ? "" : "CANCELED ";
  lines.push_back(text("[+] Building {} ({}/{}){}{}", tenths(since_start), log.done(), log.total(),
                       *word != '\0' ? " " : "", word));
  for (const auto& [number, step] : log.steps()) {
    if (!step.is_shown()) continue;
    bool over = step.state != State::running;
    lines.push_back(step_line(step, now, screen));
    may_go.push_back(over && step.state != State::failed);
    if (is_over || over) continue;
    add_details(lines, step, screen);
    may_go.resize(lines.size(), false);
  }
  if (!log.warnings().empty())
    lines.push_back(coloured(
        text(" {} warning{}", log.warnings().size(), log.warnings().size() == 1 ? "" : "s"), yellow, screen));
  fit(lines, may_go, screen.rows > 1 ? screen.rows - 1 : 1);
  return lines;
}

}  // namespace podo::cli
